"""Choose among several photos of a person by pose and light."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import Slope, brightness_slope, reflectance_of
from roop.processors.mesh.expression.shape import ShapeSpace
from roop.processors.mesh.surface.unwrapping import UnwrappedFace, Unwrapper
from roop.types import Mesh

_ANGLE_UNIT = math.radians(12)
"""Angle between two heads that counts as a distance of 1."""

_LIGHT_UNIT = 40.0
"""Difference of two brightness slopes, in hundredths of the logarithm, that counts as a distance of
1: as between a face in even light and one whose dark side has less than half the light of the
other. It is large because a photo's light is matched to the target's anyway, and its pose is not.
"""

_SHARPNESS = 2.0
"""How quickly the share of a photo falls with its distance beyond the nearest one's."""

_GAIN = 0.15
"""Share of a change that is followed in one frame, so that no switch of photos is visible."""

_MIN_SHARE = 0.02
"""Share below which a photo is left out."""

_MIN_DISTANCE = 0.7
"""Distance below which a photo adds nothing new."""


@dataclass(frozen=True, slots=True, eq=False)
class ViewingConditions:
    """The pose of a head and the light on it."""

    facing: NDArray[np.float64]
    """``(3,)``: unit vector of the direction in which the face looks."""
    light: Slope
    """The direction of the light, as a slope of the brightness."""

    def distance(self, other: "ViewingConditions") -> float:
        """Return 0 for the same pose and light, 1 for heads 12 degrees apart."""
        angle = math.acos(min(max(float(self.facing @ other.facing), -1.0), 1.0))
        return math.hypot(angle / _ANGLE_UNIT, *((self.light - other.light) / _LIGHT_UNIT).tolist())


class ConditionsEstimator:
    """Estimates the pose of heads and the light on them."""

    def __init__(self, space: ShapeSpace, unwrapper: Unwrapper) -> None:
        self._space = space
        self._skin = unwrapper.skin

    def estimate(self, mesh: Mesh, unwrapped: UnwrappedFace) -> ViewingConditions:
        """Return the viewing conditions of a face.

        Args:
            mesh: The face in the frame.
            unwrapped: The same face, unwrapped.
        """
        facing = self._space.pose(mesh).rotation[:, 2]
        weight = unwrapped.visibility * self._skin
        return ViewingConditions(facing, brightness_slope(reflectance_of(unwrapped.pixels), weight))


def choose_distinct(conditions: Sequence[ViewingConditions], limit: int) -> list[int]:
    """Return the indices of the photos to choose among.

    These are the first photo, then repeatedly the one most different from those chosen so far,
    until there are ``limit`` or none is different enough.
    """
    chosen = [0]
    while len(chosen) < limit:
        novelty = [min(one.distance(conditions[i]) for i in chosen) for one in conditions]
        most_novel = int(np.argmax(novelty))
        if novelty[most_novel] < _MIN_DISTANCE:
            break
        chosen.append(most_novel)
    return chosen


class PhotoBlender:
    """Blends the photos of a person for one target face, smoothly over time."""

    def __init__(self) -> None:
        self._shares: NDArray[np.float64] | None = None

    def update(
        self, photos: Sequence[ViewingConditions], target: ViewingConditions, frames: int = 1
    ) -> list[float]:
        """Return the share of each photo; together they are 1.

        Args:
            photos: The viewing conditions of the photos.
            target: Those of the target face in this frame.
            frames: Frames since the last call, this one included.
        """
        squares = np.array([photo.distance(target) ** 2 for photo in photos])
        wanted = np.exp(-_SHARPNESS * (squares - squares.min()))
        wanted /= wanted.sum()
        if self._shares is None:
            self._shares = wanted
        gain = 1 - (1 - _GAIN) ** frames
        self._shares = self._shares + gain * (wanted - self._shares)
        used = np.where(self._shares < _MIN_SHARE, 0, self._shares)
        shares: list[float] = (used / used.sum()).tolist()
        return shares
