"""Make the new face as sharp as the frame around it."""

import cv2
import numpy as np

from roop.types import Pixels

_KERNEL = (5, 5)
"""Size of the Gaussian that removes detail, pixels; OpenCV is fast at this size (1 4 6 4 1)."""

_MAX_GAIN = 1.6
"""Largest factor on the source's detail where the target is sharper."""

_INTERVAL = 3
"""Frames between two measurements: sharpness does not change from one frame to the next."""

_MEMORY = 0.8**_INTERVAL
"""Weight of the previous gain in the next one, so that sharpness does not pump."""

_LEFT, _TOP, _RIGHT, _BOTTOM = 0.2, 0.3, 0.8, 0.85
"""Part of the face's box that is measured: no hair, no background."""


class DetailMatch:
    """Matches the sharpness of one target face's swaps, smoothly over time."""

    def __init__(self) -> None:
        self._gain: float | None = None
        self._frames = 0

    def apply(self, swapped: Pixels, target: Pixels) -> Pixels:
        """Return ``swapped`` as sharp as ``target``.

        Args:
            swapped: ``(H, W, 3)``: the new face in the box of the old one.
            target: ``(H, W, 3)``: the same box of the target.
        """
        soft = cv2.GaussianBlur(swapped, _KERNEL, 0)
        if self._gain is None or self._frames % _INTERVAL == 0:
            self._gain = self._measure_gain(swapped, soft, target)
        self._frames += 1
        matched: Pixels = cv2.addWeighted(swapped, self._gain, soft, 1 - self._gain, 0)
        return matched

    def _measure_gain(self, swapped: Pixels, soft: Pixels, target: Pixels) -> float:
        """Return the factor on the detail from now on."""
        most, least, wanted = (_detail(image) for image in (swapped, soft, target))
        gain = min(max((wanted - least) / max(most - least, 0.05), 0.0), _MAX_GAIN)
        return gain if self._gain is None else _MEMORY * self._gain + (1 - _MEMORY) * gain


def _detail(image: Pixels) -> float:
    """Return the mean absolute Laplacian of the brightness inside the face, in grey levels."""
    height, width = image.shape[:2]
    rows = slice(int(_TOP * height), int(_BOTTOM * height) + 1)
    columns = slice(int(_LEFT * width), int(_RIGHT * width) + 1)
    grey = cv2.cvtColor(np.ascontiguousarray(image[rows, columns]), cv2.COLOR_RGB2GRAY)
    return float(cv2.norm(cv2.Laplacian(grey, cv2.CV_16S), cv2.NORM_L1) / grey.size)
