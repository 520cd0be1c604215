"""A queue of the test's own, jobs that are short and one that is long enough to be stopped."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from roop.jobs.queue import Queue
from roop.jobs.queued_job import QueuedJob
from roop.options import Job
from support.figures import drawing
from support.long_films import FaceClip

Until = Callable[[str, Callable[[QueuedJob], bool]], QueuedJob]


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(tmp_path / "jobs.sqlite3") as queue:
        yield queue


@pytest.fixture
def until(queue: Queue) -> Until:
    """Wait until something is true of a job."""

    def wait(id: str, condition: Callable[[QueuedJob], bool]) -> QueuedJob:
        deadline = time.monotonic() + 100
        while True:
            job = queue.get(id)
            assert job is not None
            if condition(job):
                return job
            assert time.monotonic() < deadline, job
            time.sleep(0.02)

    return wait


@pytest.fixture
def photo_job(portraits: dict[str, Path], tmp_path: Path) -> Callable[[str], Job]:
    """Make a job for the photo of this name."""

    def make(name: str) -> Job:
        output = tmp_path / "out" / f"{name}.png"
        return Job(sources=(portraits["astronaut"],), target=portraits[name], output=output)

    return make


@pytest.fixture(scope="session")
def slow_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of film, a frame a second: three segments."""
    path = tmp_path_factory.mktemp("slow") / "film.mp4"
    film = FaceClip(times=tuple(range(60)), time_base=Fraction(1), sound=(), begin=100.0)
    return film.write(path)


@pytest.fixture
def film_job(portraits: dict[str, Path], slow_film: Path, tmp_path: Path) -> Job:
    source = (portraits["hopper"],)
    return Job(sources=source, target=slow_film, output=tmp_path / "out" / "film.mp4")


@pytest.fixture
def nude(tmp_path: Path) -> Path:
    """A drawing that the screen refuses."""
    path = tmp_path / "drawing.png"
    Image.fromarray(drawing()).save(path)
    return path
