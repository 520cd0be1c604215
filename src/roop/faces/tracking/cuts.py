"""Notice where a film was cut."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.tracking.track import correlation
from roop.types import Box, Frame

_SAME_PICTURE = 0.7
"""Correlation of two frames below which the picture was cut."""

_GIST = 48
"""Longer side in which whole frames are compared, pixels."""

_SAMPLES = 4
"""Samples along each side of such a pixel: to average all of a large frame takes three times as
long and tells no more."""


class CutDetector:
    """Compares each frame of one stream with the one before; feed it all, in order."""

    def __init__(self) -> None:
        self._gist: NDArray[np.uint8] | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Tell whether ``frame`` may be the first after a cut; the first of all is not."""
        gist = _gist(frame)
        before, self._gist = self._gist, gist
        return before is not None and correlation(gist, before) < _SAME_PICTURE


def _gist(frame: Frame) -> NDArray[np.uint8]:
    """Return a frame's lightness, 48 pixels along its longer side or smaller."""
    width, height = frame.size
    light = frame.lightness(Box(0, 0, width, height))
    zoom = min(_GIST / max(width, height), 1.0)
    size = max(round(width * zoom), 1), max(round(height * zoom), 1)
    some = (min(size[0] * _SAMPLES, width), min(size[1] * _SAMPLES, height))
    sampled = cv2.resize(light, some, interpolation=cv2.INTER_NEAREST)
    gist: NDArray[np.uint8] = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    return gist
