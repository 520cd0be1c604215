"""Two people are replaced in turn because nobody was chosen: the result says so."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.api import make_job
from roop.errors import CancelledError
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress
from roop.pipeline.segments.plan import DEFAULT_PACE, Pace
from roop.processors import installed
from support.films import Film, elder_at, wall, woman_at
from support.long_films import PACE

SHOTS = 24, 30, 12, 18
"""Frames of each shot: the woman, the elder, the woman, the elder."""


def dialogue() -> list[np.ndarray]:
    """Return the frames of a dialogue: two people in turn, each in a room of their own."""
    other = 255 - np.roll(wall(), 97, axis=1)
    frames = []
    for number, length in enumerate(SHOTS):
        for i in range(length):
            shown = elder_at(150 + i, canvas=other) if number % 2 else woman_at(160 - i)
            frames.append(shown)
    return frames


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Film(keyframes=12).write(tmp_path_factory.mktemp("film") / "dialogue.mp4", dialogue())


Swap = Callable[..., JobResult]


@pytest.fixture
def job(portraits: dict[str, Path], tmp_path: Path) -> Callable[..., Job]:
    def make(target: Path, **options: object) -> Job:
        sources = [] if "map" in options else [portraits["astronaut"]]
        chosen = {"output_video_preset": "ultrafast", **options}
        return make_job(sources, target, tmp_path / f"out{target.suffix}", chosen, installed())

    return make


@pytest.fixture
def swap(job: Callable[..., Job]) -> Swap:
    def run(target: Path, *, pace: Pace = DEFAULT_PACE, **options: object) -> JobResult:
        return run_job(job(target, **options), Settings(), installed(), pace=pace)

    return run


def frames(result: JobResult) -> list[int]:
    return [person.frames for person in result.replaced_people]


def test_a_dialogue_says_how_often_each_was_replaced(swap: Swap, film: Path) -> None:
    result = swap(film)
    assert frames(result) == [48, 36]
    assert result.warnings == (
        "2 people were replaced in turn, in 48 and 36 frames, as nobody was chosen: "
        "choose one of them, or several",
    )
    assert JobResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@pytest.mark.slow
def test_each_name_chooses_that_person(swap: Swap, film: Path, portraits: dict[str, Path]) -> None:
    for person in swap(film).replaced_people:
        result = swap(film, map=[f"{portraits['hopper']}={person.name}"], force=True)
        assert (result.swapped, result.replaced_people) == (person.frames, ())


@pytest.mark.slow
def test_segments_and_a_resumed_job_count_the_same(
    job: Callable[..., Job], swap: Swap, film: Path
) -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.frames >= 40:
            cancel.set()
            time.sleep(0.05)

    with pytest.raises(CancelledError, match="segments are kept"):
        run_job(job(film), Settings(workers=1), installed(), watch=stop, cancel=cancel, pace=PACE)
    resumed = run_job(job(film), Settings(workers=2), installed(), pace=PACE)
    assert resumed.resumed > 0
    assert frames(resumed) == [48, 36]
    whole = swap(film, force=True).replaced_people
    for one, two in zip(resumed.replaced_people, whole, strict=True):
        assert (one.position, one.frames) == (two.position, two.frames)
        assert abs(one.time_s - two.time_s) < 1  # frames that show them about as well


def test_an_animation_names_them_too(swap: Swap, tmp_path: Path) -> None:
    target = tmp_path / "t.gif"
    first, *others = (Image.fromarray(frame) for frame in dialogue()[12:40:2])
    first.save(target, save_all=True, append_images=others, duration=80)
    result = swap(target)
    assert frames(result) == [8, 6]
    names = [person.name or "" for person in result.replaced_people]
    assert [name.split("@")[0] for name in names] == ["0", "0"]
    assert int(names[0].split("@")[1]) >= 6 > int(names[1].split("@")[1])


def test_one_person_in_two_shots_is_one(swap: Swap, tmp_path: Path) -> None:
    room = 255 - np.roll(wall(), 97, axis=1)
    shots = [woman_at(140 + i) for i in range(14)]
    shots += [woman_at(200 - i, canvas=room) // 3 * 2 for i in range(14)]
    result = swap(Film().write(tmp_path / "one.mp4", shots))
    assert (result.swapped, result.replaced_people, result.warnings) == (28, (), ())


def test_two_people_side_by_side_are_not_in_turn(swap: Swap, tmp_path: Path) -> None:
    shots = [elder_at(235, canvas=woman_at(85 + i)) for i in range(10)]
    result = swap(Film().write(tmp_path / "two.mp4", shots))
    assert (result.replaced_people, result.warnings) == ((), ())
