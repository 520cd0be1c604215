"""Detect cuts in a video."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.tracking.track import correlation
from roop.types import Box, Frame

_SAME_SHOT = 0.7
"""Correlation of two consecutive frames below which there is a cut between them."""

_SIDE = 48
"""Longer side of the thumbnails that are compared, pixels."""

_SAMPLES = 4
"""Samples along each side of a thumbnail's pixel: averaging all pixels of a large frame takes three
times as long and shows no more."""


class CutDetector:
    """Compares each frame of a stream with the previous one; pass every frame, in order."""

    def __init__(self) -> None:
        self._previous: NDArray[np.uint8] | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Tell whether a cut may lie just before ``frame``; never before the first."""
        thumbnail = _thumbnail(frame)
        previous, self._previous = self._previous, thumbnail
        return previous is not None and correlation(thumbnail, previous) < _SAME_SHOT


def _thumbnail(frame: Frame) -> NDArray[np.uint8]:
    """Return a frame's lightness, at most 48 pixels along its longer side."""
    width, height = frame.size
    lightness = frame.lightness(Box(0, 0, width, height))
    zoom = min(_SIDE / max(width, height), 1.0)
    size = max(round(width * zoom), 1), max(round(height * zoom), 1)
    sampled_size = (min(size[0] * _SAMPLES, width), min(size[1] * _SAMPLES, height))
    sampled = cv2.resize(lightness, sampled_size, interpolation=cv2.INTER_NEAREST)
    thumbnail: NDArray[np.uint8] = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    return thumbnail
