"""Scenes with several people, and where each of them is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.faces.analyser import Analyser
from roop.types import Face, Pixels
from support.heads import HEAD, HOPPER_HEAD, astronaut, backdrop, hopper, placed
from support.swapping import mesh_on
from support.warp import drawn

SIZE = (640, 480)
"""(width, height) of every scene."""

FACE = (80.0, 95.0)
"""About the size of every face in a scene, pixels."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """A person: a cut-out of the head, the middle of the face in it, and its size."""

    pixels: Pixels
    middle: Point
    scale: float


@dataclass(frozen=True)
class Shot:
    """One picture of a scene."""

    pixels: Pixels
    where: Mapping[str, Point]
    """The middle of everybody's face, from the back to the front."""

    def hidden(self, name: str) -> float:
        """Return how much of somebody's face lies behind somebody else's head, 0..1."""
        order = list(self.where)
        (x, y), shares = self.where[name], [0.0]
        for other in order[order.index(name) + 1 :]:
            apart = np.abs(np.array(self.where[other]) - (x, y))
            shares.append(
                float(np.prod(np.clip(1 - apart / (1.25 * FACE[0], 1.4 * FACE[1]), 0, 1)))
            )
        return max(shares)

    def who(self, face: Face) -> str:
        """Return whose face a swap would cover: of several the one in front."""
        middle = face.mesh[:, :2].mean(axis=0)
        off = {name: np.abs(middle - at).max() for name, at in self.where.items()}
        near = [name for name, distance in off.items() if distance < 0.4 * FACE[0]]
        return near[-1] if near else "nobody"


def looks(analyser: Analyser) -> dict[str, Look]:
    """Return three people; the third is half of each of the others."""
    one, two = astronaut(), hopper()
    laid = drawn(two, mesh_on(analyser, two), mesh_on(analyser, one), one)
    mixed = np.rint((one + np.clip(laid, 0, 255)) / 2).astype(np.uint8)
    head, middle = (slice(20, 200), slice(130, 315)), (HEAD[0] - 130, HEAD[1] - 20)
    officer = (slice(20, 360), slice(120, 420))
    return {
        "astronaut": Look(one[head], middle, 0.85),
        "officer": Look(two[officer], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20), 0.43),
        "third": Look(mixed[head], middle, 0.85),
    }


def shot(people: Mapping[str, Look], where: Mapping[str, Point], *, room: int = 0) -> Shot:
    """Return a picture of people before the wall of a ``room``, the first named at the back."""
    canvas = np.roll(backdrop(SIZE), 97 * room, axis=(0, 1))
    for name, at in where.items():
        look = people[name]
        canvas = placed(look.pixels, canvas, at, middle=look.middle, scale=look.scale).pixels
    return Shot(canvas, where)


def line(start: Point, end: Point, count: int) -> list[Point]:
    """Return places on the way from one to the other."""
    steps = np.linspace(0, 1, count)[:, None]
    places: NDArray[np.float64] = (1 - steps) * np.array(start) + steps * np.array(end)
    return [(float(x), float(y)) for x, y in places]


def barred(pictures: Sequence[Pixels], *, width: int, start: float, step: float) -> list[Pixels]:
    """Let an upright bar pass before a scene, from ``start`` on to the right."""
    seen = []
    for number, picture in enumerate(pictures):
        left = max(round(start + step * number), 0)
        covered = picture.copy()
        covered[:, left : max(round(start + step * number) + width, 0)] = (70, 80, 60)
        seen.append(covered)
    return seen
