"""Tell which of several photos of a person is nearest to how a target face is seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import Slope, brightness_slope, reflectance_of
from roop.processors.mesh.expression.shape import ShapeSpace
from roop.processors.mesh.surface.unrolled import UnwrappedFace, Unwrapper
from roop.types import Mesh

_TURN = math.radians(12)
"""Angle between two heads that counts for as much as ``_SHADE``."""

_SHADE = 40.0
"""Difference of two slopes of the light, hundredths of the logarithm of brightness: from a face lit
evenly to one whose one end has less than half of the other's light. The light of a photo is brought
near to the target's in any case, its pose is not."""

_SHARPNESS = 2.0
"""How soon a photo that is farther off than the nearest one no longer counts."""

_GAIN = 0.15
"""Share of a change that is followed in one frame: no change of photo may be seen as a jump."""

_LEAST = 0.02
"""Share below which a photo is left out."""

_ALIKE = 0.7
"""Distance below which a photo shows nothing new."""


@dataclass(frozen=True, slots=True, eq=False)
class Aspect:
    """How a face is seen."""

    facing: NDArray[np.float64]
    """``(3,)``: unit vector; where it looks."""
    light: Slope
    """Where the light comes from."""

    def distance(self, other: "Aspect") -> float:
        """Return 0 for the same pose and light, 1 for a head turned by 12 degrees."""
        angle = math.acos(min(max(float(self.facing @ other.facing), -1.0), 1.0))
        return math.hypot(angle / _TURN, *((self.light - other.light) / _SHADE).tolist())


class AspectFinder:
    """Finds out how faces are seen."""

    def __init__(self, space: ShapeSpace, unroller: Unwrapper) -> None:
        self._space = space
        self._skin = unroller.skin

    def find(self, mesh: Mesh, unrolled: UnwrappedFace) -> Aspect:
        """Return how a face is seen.

        Args:
            mesh: The face on the frame.
            unrolled: The same, laid out flat.
        """
        facing = self._space.pose(mesh).rotation[:, 2]
        weight = unrolled.seen * self._skin
        return Aspect(facing, brightness_slope(reflectance_of(unrolled.pixels), weight))


def different(aspects: Sequence[Aspect], most: int) -> list[int]:
    """Return which of some photos to choose among.

    That is the first, then each time the one that differs most from those chosen before, until
    none differs or there are enough.
    """
    chosen = [0]
    while len(chosen) < most:
        new = [min(one.distance(aspects[i]) for i in chosen) for one in aspects]
        newest = int(np.argmax(new))
        if new[newest] < _ALIKE:
            break
        chosen.append(newest)
    return chosen


class AspectFollower:
    """Follows one target face, and says how much of each photo of the new one to show."""

    def __init__(self) -> None:
        self._shares: NDArray[np.float64] | None = None

    def update(self, photos: Sequence[Aspect], now: Aspect, frames: int = 1) -> list[float]:
        """Return the share of each photo; together 1.

        Args:
            photos: How they show the new face.
            now: How the target face is seen.
            frames: Since the last call, with this one.
        """
        squares = np.array([photo.distance(now) ** 2 for photo in photos])
        wanted = np.exp(-_SHARPNESS * (squares - squares.min()))
        wanted /= wanted.sum()
        if self._shares is None:
            self._shares = wanted
        gain = 1 - (1 - _GAIN) ** frames
        self._shares = self._shares + gain * (wanted - self._shares)
        shown = np.where(self._shares < _LEAST, 0, self._shares)
        shares: list[float] = (shown / shown.sum()).tolist()
        return shares
