"""Long targets: done in segments, gone on with after whatever stopped them, always the same."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from roop.errors import CancelledError, RefusedError, UsageError
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress
from roop.types import Pixels
from support import long_films
from support.clips import digests, times
from support.figures import drawing
from support.films import shots
from support.heads import hopper
from support.long_films import FRAMES, PACE, FaceClip, count, seen, work_folders
from support.terminal import ROOT, environment


@pytest.fixture(scope="module")
def uninterrupted(media: Path, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    output = tmp_path_factory.mktemp("whole") / "out.mp4"
    return count(media / "source.png", media / "film.mp4", output)


def stop_after(frames: int, cancel: threading.Event) -> Callable[[Progress], None]:
    def watch(state: Progress) -> None:
        if state.frames >= frames:
            cancel.set()
            time.sleep(0.05)

    return watch


def stopped(media: Path, output: Path, frames: int = 40, **options: object) -> CancelledError:
    """Do a job until so many frames are done, then press Ctrl+C."""
    cancel = threading.Event()
    job = counting_job(media / "source.png", media / "film.mp4", output, **options)
    registry = long_films.counting(output.with_suffix(".log"))
    watch = stop_after(frames, cancel)
    with pytest.raises(CancelledError) as caught:
        run_job(job, Settings(workers=1), registry, watch=watch, cancel=cancel, pace=PACE)
    return caught.value


def counting_job(source: Path, target: Path, output: Path, **options: object) -> Job:
    files = {"sources": (source,), "target": target, "output": output}
    video = {"output_video_preset": "ultrafast"}
    steps = ({"processor": "counter"},)
    return Job.model_validate({**files, "steps": steps, "video": video, **options})


def test_every_frame_is_there_once_at_its_time(uninterrupted: JobResult, media: Path) -> None:
    film = media / "film.mp4"
    assert (uninterrupted.frames, uninterrupted.swapped, uninterrupted.resumed) == (FRAMES,) * 2 + (
        0,
    )
    assert times(uninterrupted.output) == times(film)
    assert digests(uninterrupted.output, "audio") == digests(film, "audio")
    levels = [int(shot.rgb[10:30, 10:30].mean()) for shot in shots(uninterrupted.output)]
    drops = [i for i in range(1, FRAMES) if levels[i] < levels[i - 1] - 5]
    assert 3 <= len(drops) <= 6  # where a segment begins
    with av.open(str(uninterrupted.output)) as container:
        dts = [p.dts for p in container.demux(video=0) if p.size]
    assert dts == sorted(set(dts))
    assert list(uninterrupted.output.parent.glob(".*")) == []


def test_seen_by_the_screen_is_at_least_one_frame_in_twelve(uninterrupted: JobResult) -> None:
    assert uninterrupted.screened - 1 >= 90 // 12


def test_ctrl_c_keeps_what_is_finished(media: Path, uninterrupted: JobResult, out: Path) -> None:
    error = stopped(media, out / "out.mp4")
    assert "segments are kept" in str(error)
    assert "roop resume" in (error.hint or "")
    assert len(work_folders(out)) == 1
    result = count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert 20 <= result.resumed < FRAMES
    assert seen(result.output) == seen(uninterrupted.output)
    same = ("frames", "swapped", "faces", "damaged", "warnings")
    assert [getattr(result, n) for n in same] == [getattr(uninterrupted, n) for n in same]
    assert work_folders(out) == []


def test_ctrl_c_in_the_first_segment_leaves_nothing(media: Path, out: Path) -> None:
    error = stopped(media, out / "out.mp4", frames=0)
    assert error.hint is None
    assert {path.name for path in out.iterdir()} <= {"out.log"}


@pytest.fixture
def victim() -> "Iterator[subprocess.Popen[str]]":
    """A process that does a job in a child for each line it is given."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", long_films.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment() | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def told(victim: "subprocess.Popen[str]") -> dict[str, Any]:
    assert victim.stdout is not None
    news: dict[str, Any] = json.loads(victim.stdout.readline())
    return news


def order(victim: "subprocess.Popen[str]", media: Path, output: Path, **more: object) -> int:
    """Have the job done; return the number of the process that does it."""
    assert victim.stdin is not None
    files = {"source": media / "source.png", "target": media / "film.mp4", "output": output}
    victim.stdin.write(json.dumps({**files, **more}, default=str) + "\n")
    victim.stdin.flush()
    pid: int = told(victim)["pid"]
    return pid


def finished(folder: Path) -> dict[str, int]:
    """Return the finished segments and which files they are."""
    records = [path for work in work_folders(folder) for path in work.glob("*.json")]
    packets = [path.with_suffix(".packets") for path in records if path.stem.isdecimal()]
    return {path.name: path.stat().st_ino for path in packets}


@pytest.mark.slow
def test_killed_twenty_times(
    victim: "subprocess.Popen[str]", media: Path, uninterrupted: JobResult, out: Path
) -> None:
    moments = random.Random(20)
    kept: dict[str, int] = {}
    for _ in range(20):
        pid = order(victim, media, out / "out.mp4")
        news = told(victim)
        assert news == {"begun": True}
        time.sleep(moments.uniform(0, 0.25))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        while "code" not in news:
            news = told(victim)
        if (out / "out.mp4").exists():
            break
        now = finished(out)
        assert kept.items() <= now.items()  # not one was done again
        kept = now
    else:
        order(victim, media, out / "out.mp4")
        while "code" not in (news := told(victim)):
            assert "error" not in news
    assert seen(out / "out.mp4") == seen(uninterrupted.output)
    assert [p.name for p in out.iterdir()] != []
    assert work_folders(out) == []


def test_a_disk_that_takes_no_more(
    victim: "subprocess.Popen[str]", media: Path, uninterrupted: JobResult, out: Path
) -> None:
    limit = uninterrupted.output.stat().st_size // 2  # enough for every segment
    order(victim, media, out / "out.mp4", limit=limit)
    news: dict[str, Any] = {}
    while "error" not in news:
        news = told(victim)
    assert "out.mp4 cannot be written" in news["error"]
    assert told(victim) == {"code": 1}
    assert not (out / "out.mp4").exists()
    result = count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert result.resumed == FRAMES
    assert seen(result.output) == seen(uninterrupted.output)


@pytest.mark.slow
def test_an_output_that_cannot_be_written_while_the_target_is_read(
    victim: "subprocess.Popen[str]", media: Path, out: Path
) -> None:
    for _ in range(20):  # both happen at the same time, now one first, now the other
        order(victim, media, out / "out.xyz")
        news: dict[str, Any] = {}
        while "code" not in news:
            before, news = news, told(victim)
        assert news == {"code": 1}
        assert ".xyz is not a video format" in before["error"]
        assert work_folders(out) == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["target", "source", "option"])
def test_a_change_starts_again_and_says_why(media: Path, out: Path, what: str) -> None:
    mine = out.parent / "media"
    mine.mkdir()
    for path in media.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    stopped(mine, out / "out.mp4")
    options: dict[str, object] = {}
    if what == "target":
        FaceClip(begin=112.0).write(mine / "film.mp4")
    elif what == "source":
        Image.fromarray(hopper()[:, ::-1]).save(mine / "source.png")
    else:
        options["faces"] = {"many_faces": True}
    result = count(mine / "source.png", mine / "film.mp4", out / "out.mp4", **options)
    why = {
        "target": "the target has changed",
        "source": "the source photos have changed",
        "option": "many faces is True and was False",
    }
    assert f"starting again: {why[what]}" in result.warnings
    assert result.resumed == 0
    assert work_folders(out) == []


@pytest.mark.slow
def test_a_target_that_was_moved_is_the_same(media: Path, out: Path) -> None:
    stopped(media, out / "out.mp4")
    elsewhere = out.parent / "moved.mp4"
    elsewhere.write_bytes((media / "film.mp4").read_bytes())
    assert count(media / "source.png", elsewhere, out / "out.mp4").resumed > 0


@pytest.mark.slow
def test_targets_of_one_name_do_not_meet(media: Path, out: Path) -> None:
    stopped(media, out / "a.mp4")
    other = out.parent / "other"
    other.mkdir()
    FaceClip(begin=120.0).write(other / "film.mp4")
    assert count(media / "source.png", other / "film.mp4", out / "b.mp4").resumed == 0
    assert count(media / "source.png", media / "film.mp4", out / "a.mp4").resumed > 0


@pytest.mark.slow
def test_a_second_run_of_the_same_job_is_refused(
    media: Path, uninterrupted: JobResult, out: Path
) -> None:
    errors: list[BaseException] = []
    tried = threading.Event()

    def again(state: Progress) -> None:
        if not tried.is_set():
            tried.set()
            with pytest.raises(UsageError, match="another run") as caught:
                count(media / "source.png", media / "film.mp4", out / "out.mp4")
            errors.append(caught.value)

    result = count(media / "source.png", media / "film.mp4", out / "out.mp4", watch=again)
    assert len(errors) == 1
    assert seen(result.output) == seen(uninterrupted.output)


def test_an_output_that_exists_is_refused_at_once(media: Path, out: Path) -> None:
    (out / "out.mp4").write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists"):
        count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert [p.name for p in out.iterdir()] == ["out.mp4"]


@pytest.mark.slow
def test_what_is_refused_leaves_nothing_not_even_segments(media: Path, out: Path) -> None:
    class Late(FaceClip):
        def pixels(self, number: int) -> Pixels:
            return super().pixels(number) if number < 80 else drawing()[:240]

    Late().write(out / "late.mp4")
    with pytest.raises(RefusedError):
        count(media / "source.png", out / "late.mp4", out / "out.mp4")
    assert sorted(p.name for p in out.iterdir()) == ["late.mp4", "out.log"]


@pytest.mark.slow
def test_a_damaged_record_is_done_again(media: Path, uninterrupted: JobResult, out: Path) -> None:
    stopped(media, out / "out.mp4", frames=60)
    packets = sorted(work_folders(out)[0].glob("*.packets"))
    assert len(packets) >= 2
    packets[0].write_bytes(packets[0].read_bytes()[:-100])
    result = count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert seen(result.output) == seen(uninterrupted.output)
