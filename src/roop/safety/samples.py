"""Selection of the frames to screen: by content, by count, by time and by chance."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from secrets import randbelow

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Frame

PERIOD = Fraction(1)
"""Longest time of the target between two screened frames, in seconds."""

FEWEST, MOST = 9, 12
"""Frames from one that is screened to the next; chance decides between the two."""

_SIDE = 64
"""Longest side of the small copies that are compared."""

_CELL = 8
"""Side of the squares of a small copy over which local differences are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallCopy:
    """A frame at low resolution."""

    pixels: NDArray[np.uint8]
    """``(H, W, 3)``; with a fourth channel for the opacity of a frame with transparent pixels."""
    detail: float
    """Mean absolute difference of a pixel from its neighbours."""

    @classmethod
    def of(cls, frame: Frame) -> "SmallCopy":
        """Return a frame at low resolution."""
        pixels, opacity = frame.thumbnail(_SIDE), frame.opacity(_SIDE)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        detail = float(np.abs(cv2.Laplacian(grey, cv2.CV_16S)).mean())
        if opacity is not None:
            pixels = np.dstack((pixels, opacity))
        return cls(pixels, detail)

    def distance(self, other: "SmallCopy") -> "Distance":
        """Return how much this picture differs from another one."""
        if self.pixels.shape != other.pixels.shape:
            return Distance(255, 255)
        channels = cv2.split(cv2.absdiff(self.pixels, other.pixels))
        away = reduce(np.maximum, channels).astype(np.float32)  # a sixth of the time of max(axis=2)
        return Distance(float(away.mean()), float(cv2.blur(away, (_CELL, _CELL)).max()))


@dataclass(frozen=True, slots=True)
class Distance:
    """Differences of two pictures, or limits of them, of 255."""

    mean: float
    local: float
    """In the square that differs most."""

    def exceeds(self, limits: "Distance") -> bool:
        """Return True if one of the two is above its limit."""
        return self.mean > limits.mean or self.local > limits.local


_SUDDEN = Distance(10, 40)
"""From the frame before: above it another picture is shown."""

_GRADUAL = Distance(16, 56)
"""From the last screened frame; what moves in ordinary videos stays below it longer."""

_UNUSUAL, _ADAPT = 1.6, 0.2
"""Factor by which a local difference must exceed what is usual in the frames before, so that faces
which keep moving are not screened in every frame; how fast the usual follows."""

_SHARPER = 1.25
"""Factor by which the detail may grow over that of the last screened frame."""

_PARTWAY = 6.0
"""Mean distance above which a change is screened where it ends or turns back: there, a picture that
fades in is clearest."""

_STILL, _BACK = 0.7, 2.0
"""Mean distance from the frame before in which nothing moves; mean way back that is a turn."""

EDITED = Distance(6, 24)
"""From the same frame before the processors: above it they made another picture."""


class Sampler:
    """Selects the frames of one target to screen. Needs every frame, in order.

    Args:
        below: Returns a whole number from 0 to below its argument, which nobody can foresee.
    """

    def __init__(self, below: Callable[[int], int] = randbelow) -> None:
        self._below = below
        self._before: SmallCopy | None = None
        self._screened: SmallCopy | None = None
        self._screened_at = Fraction(0)
        self._left = 0
        self._farthest = self._moved = 0.0
        self._usual_step = self._usual_way = 0.0
        self.selected = 0
        """Number of frames selected so far."""

    def selects(self, frame: Frame) -> bool:
        """Return True for a frame to screen.

        That is the first one; one that shows another picture than the frame before it, or than the
        last that was screened, or shows it in more detail; at least one in 12; one every second.
        """
        return self.selects_copy(SmallCopy.of(frame), frame.pts * frame.time_base)

    def selects_copy(self, copy: SmallCopy, time: Fraction) -> bool:
        """Return the same for a frame's small copy and its time in seconds."""
        before, self._before = self._before, copy
        self._left -= 1
        due = self._left <= 0 or abs(time - self._screened_at) >= PERIOD  # times may go backwards
        if due or self._is_new(copy, before):
            self._screened, self._screened_at, self._farthest = copy, time, 0.0
            self._left = FEWEST + self._below(MOST - FEWEST + 1)
            self.selected += 1
            return True
        return False

    def _is_new(self, copy: SmallCopy, before: SmallCopy | None) -> bool:
        if before is None or self._screened is None:
            return True
        step, way = copy.distance(before), copy.distance(self._screened)
        if self._is_unusual(step, way):
            return True
        if copy.detail > self._screened.detail * _SHARPER + 1 or self._rests(step):
            return True
        self._farthest = max(self._farthest, way.mean)
        return self._farthest > _PARTWAY and way.mean < self._farthest - _BACK

    def _is_unusual(self, step: Distance, way: Distance) -> bool:
        """Return True if the whole picture has changed, or a part of it as it has not before."""
        sudden = max(_SUDDEN.local, _UNUSUAL * self._usual_step)
        gradual = max(_GRADUAL.local, _UNUSUAL * self._usual_way)
        self._usual_step += (step.local - self._usual_step) * _ADAPT
        self._usual_way += (way.local - self._usual_way) * _ADAPT
        whole = step.mean > _SUDDEN.mean or way.mean > _GRADUAL.mean
        return whole or step.local > sudden or way.local > gradual

    def _rests(self, step: Distance) -> bool:
        """Return True where a change ends, although the frames before were screened."""
        if step.mean >= _STILL:
            self._moved += step.mean
            return False
        moved, self._moved = self._moved, 0.0
        return moved > _PARTWAY
