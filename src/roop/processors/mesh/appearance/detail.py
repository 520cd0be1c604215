"""Make the new face as sharp as the picture around it."""

import cv2
import numpy as np

from roop.types import Pixels

_KERNEL = (5, 5)
"""Pixels of the Gaussian that takes detail away. OpenCV has a fast one of this size, 1 4 6 4 1."""

_MOST = 1.6
"""Most that the source's own detail is amplified when the target is sharper."""

_EVERY = 3
"""Frames between two comparisons: how sharp a film is does not change from frame to frame."""

_MEMORY = 0.8**_EVERY
"""Share of what was found before in how much detail is kept: it must not pump."""

_LEFT, _TOP, _RIGHT, _BOTTOM = 0.2, 0.3, 0.8, 0.85
"""The part of the face's box that is compared: no hair, no background."""


class DetailMatch:
    """Sharpens or softens one target face's swaps, steadily over time."""

    def __init__(self) -> None:
        self._kept: float | None = None
        self._frames = 0

    def apply(self, swapped: Pixels, target: Pixels) -> Pixels:
        """Return ``swapped`` with the detail of ``target``.

        Args:
            swapped: ``(H, W, 3)``: the new face in the box of the old one.
            target: ``(H, W, 3)``: the same box of the target.
        """
        soft = cv2.GaussianBlur(swapped, _KERNEL, 0)
        if self._kept is None or self._frames % _EVERY == 0:
            self._kept = self._compared(swapped, soft, target)
        self._frames += 1
        matched: Pixels = cv2.addWeighted(swapped, self._kept, soft, 1 - self._kept, 0)
        return matched

    def _compared(self, swapped: Pixels, soft: Pixels, target: Pixels) -> float:
        """Return how much of the detail to keep from now on."""
        most, least, wanted = (_detail(picture) for picture in (swapped, soft, target))
        kept = min(max((wanted - least) / max(most - least, 0.05), 0.0), _MOST)
        return kept if self._kept is None else _MEMORY * self._kept + (1 - _MEMORY) * kept


def _detail(picture: Pixels) -> float:
    """Return the mean size of the brightness's second differences inside the face, grey levels."""
    height, width = picture.shape[:2]
    rows = slice(int(_TOP * height), int(_BOTTOM * height) + 1)
    columns = slice(int(_LEFT * width), int(_RIGHT * width) + 1)
    grey = cv2.cvtColor(np.ascontiguousarray(picture[rows, columns]), cv2.COLOR_RGB2GRAY)
    return float(cv2.norm(cv2.Laplacian(grey, cv2.CV_16S), cv2.NORM_L1) / grey.size)
