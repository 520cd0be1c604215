"""Choose which frames of a target are screened: the first, every cut, and one every second."""

from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Box, Frame

PERIOD = Fraction(1)
"""Seconds of the target's time that pass at most between two screened frames."""

_ROWS = (0.3, 0.7)
"""Heights of the strips that are compared; thumbnails of all frames would cost ten times that."""

_CELLS = 16
"""Parts of a strip."""

_CUT = 12.0
"""Mean difference of the parts, in steps of 255, above which the picture was cut."""


class Sampler:
    """Says of each frame of one target whether it is to be screened; feed it all, in order."""

    def __init__(self) -> None:
        self._strips: NDArray[np.float32] | None = None
        self._screened = Fraction(0)
        self.selected = 0
        """How many frames were."""

    def selects(self, frame: Frame) -> bool:
        """Return True for the first frame, after a cut, and a second after the last one."""
        strips, before = _strips(frame), self._strips
        self._strips = strips
        time = frame.pts * frame.time_base
        due = abs(time - self._screened) >= PERIOD  # abs: times of broken files may go back
        if before is None or due or float(np.abs(strips - before).mean()) > _CUT:
            self._screened = time
            self.selected += 1
            return True
        return False


def _strips(frame: Frame) -> NDArray[np.float32]:
    """``(2, 16)``: how light it is along two rows of the picture."""
    width, height = frame.size
    tops = [min(int(height * row), height - 1) for row in _ROWS]
    strips = [
        cv2.resize(
            frame.lightness(Box(0, top, width, top + 1)), (_CELLS, 1), interpolation=cv2.INTER_AREA
        )
        for top in tops
    ]
    return np.concatenate(strips).astype(np.float32)
