"""Selection of the frames to screen: the first, one after every cut, and one every second."""

from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Box, Frame

PERIOD = Fraction(1)
"""Longest time of the target between two screened frames, in seconds."""

_ROWS = (0.3, 0.7)
"""Heights of the rows to compare for cuts; comparing thumbnails would take ten times as long."""

_CELLS = 16
"""Values per row."""

_CUT = 12.0
"""Mean absolute difference of the values, of 255, above which there is a cut."""


class Sampler:
    """Selects the frames of one target to screen. Needs every frame, in order."""

    def __init__(self) -> None:
        self._strips: NDArray[np.float32] | None = None
        self._screened = Fraction(0)
        self.selected = 0
        """Number of frames selected so far."""

    def selects(self, frame: Frame) -> bool:
        """Return True for the first frame, after a cut, and a second after the last selected."""
        strips, before = _strips(frame), self._strips
        self._strips = strips
        time = frame.pts * frame.time_base
        due = abs(time - self._screened) >= PERIOD  # abs: times in damaged files may go backwards
        if before is None or due or float(np.abs(strips - before).mean()) > _CUT:
            self._screened = time
            self.selected += 1
            return True
        return False


def _strips(frame: Frame) -> NDArray[np.float32]:
    """Return ``(2, 16)``: the lightness along two rows of the frame."""
    width, height = frame.size
    tops = [min(int(height * row), height - 1) for row in _ROWS]
    strips = [
        cv2.resize(
            frame.lightness(Box(0, top, width, top + 1)), (_CELLS, 1), interpolation=cv2.INTER_AREA
        )
        for top in tops
    ]
    return np.concatenate(strips).astype(np.float32)
