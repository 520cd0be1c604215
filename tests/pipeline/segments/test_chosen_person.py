"""Who is replaced where nobody is named does not depend on where a target is cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from roop.pipeline.segments.plan import DEFAULT_PACE, Pace
from roop.types import Pixels
from support.films import SIZE, Shot, shots
from support.heads import HEAD, HOPPER_HEAD, astronaut, backdrop, hopper, placed
from support.long_films import PACE, FaceClip, swap

CUT = 37
"""The frame with which the second shot begins; keyframes are at 30 and at 45."""

COUNT = 70

LEFT, RIGHT = 80, 240


def faces(woman: tuple[float, float], elder: tuple[float, float], *, room: int) -> Pixels:
    """Return two heads side by side in a room, each at an x and as large as said."""
    canvas = np.roll(backdrop(SIZE), 97 * room, axis=(0, 1))
    if room:
        canvas = 255 - canvas
    heads = [
        (astronaut()[20:200, 130:315], (HEAD[0] - 130, HEAD[1] - 20), woman, 1.0),
        (hopper()[20:360, 120:420], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20), elder, 0.52),
    ]
    for photo, middle, (x, size), scale in heads:
        at = (x, 120.0)
        canvas = placed(photo, canvas, at, middle=middle, scale=scale * size).pixels
    return canvas


def picture(number: int) -> Pixels:
    """In either shot the one who is smaller at first has become the larger one 15 frames on."""
    since = number if number < CUT else number - CUT
    growing, shrinking = min(0.75 + since * 0.03, 1.1), max(1.1 - since * 0.03, 0.75)
    if number < CUT:
        return faces((LEFT, shrinking), (RIGHT, growing), room=0)
    return faces((RIGHT, growing), (LEFT, shrinking), room=1)


@dataclass(frozen=True)
class TwoPeople(FaceClip):
    """Two shots of two people."""

    times: Sequence[int] = tuple(67 * n for n in range(COUNT))
    sound: Sequence[str] = ()

    def pixels(self, number: int) -> Pixels:
        return picture(number)


@pytest.fixture(scope="module")
def two_people(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    (folder / "source.png").write_bytes((media / "source.png").read_bytes())
    TwoPeople().write(folder / "film.mp4")
    return folder


def sides(before: Shot, after: Shot) -> str:
    """Return on which sides of the picture a face was replaced."""
    off = np.abs(before.planes[0].astype(int) - after.planes[0]) > 6
    middle = SIZE[0] // 2
    parts = {"left": off[:, :middle], "right": off[:, middle:]}
    return " ".join(side for side, part in parts.items() if part.mean() > 0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("pace", "workers"), [(DEFAULT_PACE, 1), (PACE, 2)])
def test_the_largest_face_stays_chosen_in_its_shot(
    two_people: Path, out: Path, pace: Pace, workers: int
) -> None:
    result = swap(two_people, out / "out.mp4", pace=pace, workers=workers)
    films = zip(shots(two_people / "film.mp4"), shots(result.output), strict=True)
    assert [sides(*pair) for pair in films] == ["left"] * COUNT
