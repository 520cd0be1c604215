"""Two people change places, one of them is to be replaced: who shares the work tells nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.options import FaceOptions, Settings
from roop.pipeline.job import JobResult, run_job
from roop.processors import installed
from roop.types import Pixels
from support.films import SIZE, Shot, shots
from support.heads import HEAD, HOPPER_HEAD, astronaut, backdrop, hopper, placed
from support.long_films import PACE, FaceClip, seen, swapping

COUNT = 60
"""Frames; they meet in the 30th, where a segment begins."""

WIDTH = 40
"""Half the columns of a face."""


def middles(number: int) -> tuple[float, float]:
    """Return where the woman and the officer are: they walk into each other's place."""
    way = 160 * number / (COUNT - 1)
    return 80 + way, 240 - way


def picture(number: int) -> Pixels:
    """Return a frame; she passes in front of him."""
    woman, officer = middles(number)
    photo, middle = hopper()[20:360, 120:420], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20)
    behind = placed(photo, backdrop(SIZE), (officer, 120.0), middle=middle, scale=0.45).pixels
    photo, middle = astronaut()[20:200, 130:315], (HEAD[0] - 130, HEAD[1] - 20)
    return placed(photo, behind, (woman, 120.0), middle=middle, scale=0.9).pixels


@dataclass(frozen=True)
class Crossing(FaceClip):
    """The film of it."""

    times: Sequence[int] = tuple(67 * n for n in range(COUNT))
    sound: Sequence[str] = ()

    def pixels(self, number: int) -> Pixels:
        return picture(number)


@pytest.fixture(scope="module")
def crossing(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crossing")
    (folder / "source.png").write_bytes((media / "source.png").read_bytes())
    Image.fromarray(astronaut()).save(folder / "woman.png")
    Crossing().write(folder / "film.mp4")
    return folder


def swapped(crossing: Path, output: Path, workers: int) -> JobResult:
    job = swapping(crossing, output)
    faces = FaceOptions(reference=crossing / "woman.png")
    job = job.model_copy(update={"faces": faces})
    return run_job(job, Settings(workers=workers), installed(), pace=PACE)


def share(before: Shot, after: Shot, x: float) -> float:
    """Return how much of the face around column ``x`` was replaced, 0..1."""
    off = np.abs(before.planes[0].astype(int) - after.planes[0]) > 6
    return float(off[70:170, max(round(x) - WIDTH, 0) : round(x) + WIDTH].mean())


@pytest.mark.slow
def test_the_right_one_is_replaced_by_any_number_of_workers(crossing: Path, out: Path) -> None:
    one = swapped(crossing, out / "1.mp4", 1)
    two = swapped(crossing, out / "2.mp4", 2)
    assert seen(one.output) == seen(two.output)
    films = list(zip(shots(crossing / "film.mp4"), shots(one.output), strict=True))
    for number, pair in enumerate(films):
        woman, officer = middles(number)
        assert share(*pair, woman) > 0.1, f"frame {number}: she shows"
        if abs(woman - officer) > 2.5 * WIDTH:
            assert share(*pair, officer) < 0.02, f"frame {number}: he was replaced"
