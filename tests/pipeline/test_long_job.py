"""Long targets: done in segments, gone on with after whatever stopped them, always the same."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from cli.terminal import ROOT, environment
from faces.heads import hopper
from media.clips import digests, times
from pipeline import long_films
from pipeline.films import shots
from pipeline.long_films import FRAMES, PACE, FaceClip, count
from roop.errors import CancelledError, MediaError, RefusedError, UsageError
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.plan import DEFAULT_PACE, Pace
from roop.pipeline.progress import Progress
from roop.processors import installed
from safety.figures import drawing


@pytest.fixture(autouse=True)
def own_data_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source and the target."""
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(hopper()).save(folder / "source.png")
    FaceClip().write(folder / "film.mp4")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(media: Path, tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    output = tmp_path_factory.mktemp("whole") / "out.mp4"
    return count(media / "source.png", media / "film.mp4", output)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


Packets = tuple[list[str], list[tuple[object, ...]]]


def seen(path: Path) -> Packets:
    """Return every packet of every stream with its times."""
    with av.open(str(path)) as container:
        found = [
            (p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux()
            if p.size
        ]
        return [stream.type for stream in container.streams], found


def work_folders(folder: Path) -> list[Path]:
    return list(folder.glob(".roop-work-*"))


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


def test_seen_by_the_screen_is_every_segment_and_every_second(uninterrupted: JobResult) -> None:
    assert 6 <= uninterrupted.screened - 1 <= 14


def test_ctrl_c_keeps_what_is_finished(media: Path, uninterrupted: JobResult, out: Path) -> None:
    error = stopped(media, out / "out.mp4")
    assert "segments are kept" in str(error)
    assert "roop resume" in (error.hint or "")
    assert len(work_folders(out)) == 1
    result = count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert 20 <= result.resumed < FRAMES
    assert seen(result.output) == seen(uninterrupted.output)
    same = ("frames", "swapped", "faces", "damaged", "screened", "warnings")
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


@pytest.mark.parametrize("what", ["target", "source", "option"])
def test_a_change_starts_afresh_and_says_why(media: Path, out: Path, what: str) -> None:
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
    assert f"starting afresh: {why[what]}" in result.warnings
    assert result.resumed == 0
    assert work_folders(out) == []


def test_a_target_that_was_moved_is_the_same(media: Path, out: Path) -> None:
    stopped(media, out / "out.mp4")
    elsewhere = out.parent / "moved.mp4"
    elsewhere.write_bytes((media / "film.mp4").read_bytes())
    assert count(media / "source.png", elsewhere, out / "out.mp4").resumed > 0


def test_targets_of_one_name_do_not_meet(media: Path, out: Path) -> None:
    stopped(media, out / "a.mp4")
    other = out.parent / "other"
    other.mkdir()
    FaceClip(begin=120.0).write(other / "film.mp4")
    assert count(media / "source.png", other / "film.mp4", out / "b.mp4").resumed == 0
    assert count(media / "source.png", media / "film.mp4", out / "a.mp4").resumed > 0


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


def test_what_is_refused_leaves_nothing_not_even_segments(media: Path, out: Path) -> None:
    class Late(FaceClip):
        def _picture(self, number: int, pts: int) -> av.VideoFrame:
            if number < 80:
                return super()._picture(number, pts)
            frame = av.VideoFrame.from_ndarray(drawing()[:240], "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = pts, self.time_base
            return frame

    Late().write(out / "late.mp4")
    with pytest.raises(RefusedError):
        count(media / "source.png", out / "late.mp4", out / "out.mp4")
    assert sorted(p.name for p in out.iterdir()) == ["late.mp4", "out.log"]


def test_a_damaged_record_is_done_again(media: Path, uninterrupted: JobResult, out: Path) -> None:
    stopped(media, out / "out.mp4", frames=60)
    packets = sorted(work_folders(out)[0].glob("*.packets"))
    assert len(packets) >= 2
    packets[0].write_bytes(packets[0].read_bytes()[:-100])
    result = count(media / "source.png", media / "film.mp4", out / "out.mp4")
    assert seen(result.output) == seen(uninterrupted.output)


def swap(media: Path, output: Path, *, workers: int, pace: Pace = PACE) -> JobResult:
    """Do a job with the real engine; the workers are given the default pace's segments."""
    files = {"sources": (media / "source.png",), "target": media / "film.mp4", "output": output}
    video = {"output_video_preset": "ultrafast", "output_video_quality": 0}
    job = Job.model_validate({**files, "video": video})
    return run_job(job, Settings(workers=workers), installed(), pace=pace)


def test_the_number_of_workers_changes_nothing(media: Path, out: Path) -> None:
    alone = swap(media, out / "1.mp4", workers=1)
    together = swap(media, out / "3.mp4", workers=3)
    assert seen(alone.output) == seen(together.output)
    assert (alone.frames, alone.screened) == (together.frames, together.screened)
    whole = swap(media, out / "w.mp4", workers=1, pace=DEFAULT_PACE)
    for one, two in zip(shots(alone.output), shots(whole.output), strict=True):
        off = np.abs(one.rgb.astype(int) - two.rgb)
        assert off.mean() < 0.3  # a segment's first frame does not jump


def test_a_worker_that_dies_is_replaced(media: Path, out: Path) -> None:
    import psutil

    deaths: Counter[int] = Counter()
    alone = swap(media, out / "1.mp4", workers=1)

    def kill_one(state: Progress) -> None:
        if state.frames >= 5 and not deaths:
            worker = psutil.Process().children()[0]
            deaths[worker.pid] += 1
            worker.kill()

    files = {"sources": (media / "source.png",), "target": media / "film.mp4"}
    video = {"output_video_preset": "ultrafast", "output_video_quality": 0}
    job = Job.model_validate({**files, "output": out / "2.mp4", "video": video})
    run_job(job, Settings(workers=2), installed(), watch=kill_one, pace=PACE)
    assert deaths
    assert seen(out / "2.mp4") == seen(alone.output)
    assert psutil.Process().children() == []


def test_a_source_that_a_worker_cannot_read_is_the_jobs_error(media: Path, out: Path) -> None:
    (out / "no.png").write_bytes(b"no photo")
    files = {"sources": (out / "no.png",), "target": media / "film.mp4", "output": out / "o.mp4"}
    with pytest.raises(MediaError, match=r"no\.png"):
        run_job(Job.model_validate(files), Settings(workers=2), installed(), pace=PACE)
    assert sorted(p.name for p in out.iterdir()) == ["no.png"]
