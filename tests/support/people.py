"""Images of several people, and where each of them is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.faces.analyser import Analyser
from roop.types import Face, Pixels
from support.heads import HEAD, HOPPER_HEAD, astronaut, backdrop, hopper, placed
from support.swapping import mesh_on
from support.warp import draw_mesh

SIZE = (640, 480)
"""(width, height) of every image."""

FACE = (80.0, 95.0)
"""About the size of every face in it, pixels."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Head:
    """A person's head: cut out of a photo, with the middle of the face and the scale to use."""

    pixels: Pixels
    middle: Point
    scale: float


@dataclass(frozen=True)
class GroupFrame:
    """An image of several people."""

    pixels: Pixels
    positions: Mapping[str, Point]
    """The middle of each person's face, from the back to the front."""

    def hidden_share(self, name: str) -> float:
        """Return how much of a person's face is behind another head, 0..1."""
        order = list(self.positions)
        (x, y), shares = self.positions[name], [0.0]
        for other in order[order.index(name) + 1 :]:
            apart = np.abs(np.array(self.positions[other]) - (x, y))
            shares.append(
                float(np.prod(np.clip(1 - apart / (1.25 * FACE[0], 1.4 * FACE[1]), 0, 1)))
            )
        return max(shares)

    def person_of(self, face: Face) -> str:
        """Return who is at a face; of several people the one in front."""
        middle = face.mesh[:, :2].mean(axis=0)
        off = {name: np.abs(middle - at).max() for name, at in self.positions.items()}
        near = [name for name, distance in off.items() if distance < 0.4 * FACE[0]]
        return near[-1] if near else "nobody"


def make_heads(analyser: Analyser) -> dict[str, Head]:
    """Return the heads of three people; the third is a mixture of the others."""
    one, two = astronaut(), hopper()
    warped = draw_mesh(two, mesh_on(analyser, two), mesh_on(analyser, one), one)
    mixed = np.rint((one + np.clip(warped, 0, 255)) / 2).astype(np.uint8)
    head, middle = (slice(20, 200), slice(130, 315)), (HEAD[0] - 130, HEAD[1] - 20)
    officer = (slice(20, 360), slice(120, 420))
    return {
        "astronaut": Head(one[head], middle, 0.85),
        "officer": Head(two[officer], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20), 0.43),
        "third": Head(mixed[head], middle, 0.85),
    }


def group_frame(
    heads: Mapping[str, Head], positions: Mapping[str, Point], *, wall: int = 0
) -> GroupFrame:
    """Return an image of people in front of a wall, the first named at the back."""
    canvas = np.roll(backdrop(SIZE), 97 * wall, axis=(0, 1))
    for name, at in positions.items():
        head = heads[name]
        canvas = placed(head.pixels, canvas, at, middle=head.middle, scale=head.scale).pixels
    return GroupFrame(canvas, positions)


def path(start: Point, end: Point, count: int) -> list[Point]:
    """Return ``count`` points on the way from ``start`` to ``end``."""
    steps = np.linspace(0, 1, count)[:, None]
    points: NDArray[np.float64] = (1 - steps) * np.array(start) + steps * np.array(end)
    return [(float(x), float(y)) for x, y in points]


def with_passing_bar(
    images: Sequence[Pixels], *, width: int, start: float, step: float
) -> list[Pixels]:
    """Draw an upright bar that moves in front of the people, from ``start`` to the right."""
    barred_images = []
    for number, image in enumerate(images):
        left = max(round(start + step * number), 0)
        barred_image = image.copy()
        barred_image[:, left : max(round(start + step * number) + width, 0)] = (70, 80, 60)
        barred_images.append(barred_image)
    return barred_images
