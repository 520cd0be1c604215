"""Workers that share a long target: they change nothing, die without harm, and tell why."""

import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from roop.errors import MediaError, RoopError, UsageError
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress
from roop.pipeline.segments.plan import DEFAULT_PACE
from roop.processors import installed
from support.films import shots
from support.long_films import FRAMES, PACE, count, counting, seen, swap, swapping, work_folders

PLUGIN = """
import os
from pathlib import Path
from roop.options import Options
from roop.processors.base import Processor, ProcessorSpec


class Moody(Processor):
    def process(self, analysed_frames):
        for analysed in analysed_frames:
            mood = Path(__file__).with_name("mood").read_text()
            time = analysed.frame.pts * analysed.frame.time_base
            if mood == "angry" and time > 3:
                raise ValueError("not this frame")
            if mood == "desperate" and time > 3:
                os.abort()
        return analysed_frames


SPEC = ProcessorSpec("moody", "Work, or not", Options, lambda o, c: Moody(), engine=True)
"""


@pytest.fixture(scope="module")
def alone(media: Path, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    return swap(media, tmp_path_factory.mktemp("alone") / "out.mp4", workers=1)


@pytest.fixture
def mood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Install an engine; its mood decides what it does to the second half of the film."""
    info = tmp_path / "moody-1.0.dist-info"
    info.mkdir()
    (tmp_path / "moody.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moody\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[roop.processors]\nmoody = moody:SPEC\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return (tmp_path / "mood").write_text


def trace(error: BaseException) -> str:
    """Return what ``--debug`` shows."""
    return "".join(traceback.format_exception(error))


@pytest.mark.slow
def test_their_number_changes_nothing(media: Path, out: Path, alone: JobResult) -> None:
    together = swap(media, out / "3.mp4", workers=3)
    assert seen(alone.output) == seen(together.output)
    assert alone.frames == together.frames
    whole = swap(media, out / "w.mp4", workers=1, pace=DEFAULT_PACE)
    for one, two in zip(shots(alone.output), shots(whole.output), strict=True):
        off = np.abs(one.rgb.astype(int) - two.rgb)
        assert off.mean() < 0.5  # a segment's first frame does not jump


@pytest.fixture
def workers() -> Callable[[], list[psutil.Process]]:
    """Return the processes that this test has started."""
    before = psutil.Process().children()  # other tests' servers and resource trackers
    return lambda: [child for child in psutil.Process().children() if child not in before]


@pytest.mark.slow
def test_one_that_dies_is_replaced(
    media: Path, out: Path, alone: JobResult, workers: Callable[[], list[psutil.Process]]
) -> None:
    deaths: list[int] = []

    def kill_one(state: Progress) -> None:
        if state.frames >= 5 and not deaths:
            worker = workers()[0]
            deaths.append(worker.pid)
            worker.kill()

    job = swapping(media, out / "2.mp4")
    run_job(job, Settings(workers=2), installed(), watch=kill_one, pace=PACE)
    assert deaths
    assert seen(out / "2.mp4") == seen(alone.output)
    assert workers() == []


@pytest.mark.slow
def test_three_that_die_end_the_job_and_what_is_finished_stays(
    media: Path,
    out: Path,
    mood: Callable[[str], object],
    workers: Callable[[], list[psutil.Process]],
) -> None:
    job = swapping(media, out / "out.mp4", "moody")
    mood("desperate")
    with pytest.raises(RoopError, match="3 workers have ended unexpectedly") as caught:
        run_job(job, Settings(workers=2), installed(), pace=PACE)
    assert "segments are kept: the same command continues" in (caught.value.hint or "")
    assert "Fatal Python error: Aborted" in trace(caught.value)
    assert "moody.py" in trace(caught.value)
    assert workers() == []
    kept = list(work_folders(out)[0].glob("*.packets"))
    assert len(kept) >= 2
    mood("calm")
    result = run_job(job, Settings(workers=2), installed(), pace=PACE)
    assert (result.frames, result.engine) == (FRAMES, "moody")
    assert result.resumed >= 20


def test_an_error_brings_the_traceback_along(
    media: Path, out: Path, mood: Callable[[str], object]
) -> None:
    mood("angry")
    job = swapping(media, out / "out.mp4", "moody")
    with pytest.raises(RoopError, match="unexpected ValueError: not this frame") as caught:
        run_job(job, Settings(workers=2), installed(), pace=PACE)
    assert "--debug" in (caught.value.hint or "")
    assert 'raise ValueError("not this frame")' in trace(caught.value)


@pytest.mark.slow
def test_a_processor_of_this_program_alone_is_not_for_them(media: Path, out: Path) -> None:
    registry = counting()
    files = {"sources": (media / "source.png",), "target": media / "film.mp4"}
    steps = ({"processor": "counter"},)
    job = Job.model_validate({**files, "output": out / "out.mp4", "steps": steps})
    with pytest.raises(UsageError, match="cannot find the processor 'counter'"):
        run_job(job, Settings(workers=2), registry, pace=PACE)
    assert list(out.iterdir()) == []
    result = run_job(job, Settings(), registry, pace=PACE)
    assert result.frames == count(media / "source.png", media / "film.mp4", out / "1.mp4").frames


def test_a_source_that_one_cannot_read_is_the_jobs_error(media: Path, out: Path) -> None:
    (out / "no.png").write_bytes(b"no photo")
    job = swapping(media, out / "o.mp4").model_copy(update={"sources": (out / "no.png",)})
    with pytest.raises(MediaError, match=r"no\.png"):
        run_job(job, Settings(workers=2), installed(), pace=PACE)
    assert sorted(p.name for p in out.iterdir()) == ["no.png"]
