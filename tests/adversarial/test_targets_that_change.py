"""A target that is truncated, replaced or removed while it is read is an error, not less output."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typing_extensions import override

from roop.errors import MediaError
from roop.options import Job, Options, Settings
from roop.pipeline.job import JobResult, run_job
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.types import AnalysedFrame, Box
from support.figures import Pixels
from support.films import Film, woman_at
from support.long_films import PACE, FaceClip, seen
from support.server import running
from support.terminal import command, environment

Change = Callable[[Path], None]


def truncate(target: Path) -> None:
    os.truncate(target, target.stat().st_size // 2)


def replace(target: Path) -> None:
    other = target.with_name("other")
    other.write_bytes(target.read_bytes()[:-1] + b"x")
    other.replace(target)


def remove(target: Path) -> None:
    target.unlink()


def extend(target: Path) -> None:
    with target.open("ab") as file:
        file.write(b"more")


@dataclass
class Meddler(Processor):
    """Paints a square, and changes the target when it has seen some frames."""

    change: Callable[[], None]
    at: int
    seen: int = 0

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            self.seen += 1
            if self.seen == self.at:
                self.change()
            square = np.full((20, 20, 3), 90, np.uint8)
            analysed.frame.paste(Box(0, 0, 20, 20), square, np.full((20, 20), 255, np.uint8))
        return analysed_frames


def swap(source: Path, target: Path, output: Path, change: Change, at: int = 1) -> JobResult:
    """Run a job whose target changes when so many frames are processed."""

    def build(options: Options, context: Context) -> Meddler:
        return Meddler(lambda: change(target), at)

    registry = Registry([ProcessorSpec("meddler", "", Options, build, engine=True)])
    files = {"sources": (source,), "target": target, "output": output}
    video = {"output_video_preset": "ultrafast"}
    job = Job.model_validate({**files, "steps": ({"processor": "meddler"},), "video": video})
    return run_job(job, Settings(workers=1), registry, pace=PACE)


@pytest.fixture
def targets(face: Pixels, tmp_path: Path) -> dict[str, Path]:
    """One of each kind."""
    paths = {kind: tmp_path / f"target.{kind}" for kind in ("png", "gif", "mp4")}
    Image.fromarray(face).save(paths["png"])
    first, *others = [Image.fromarray(np.roll(face, 3 * shift, axis=1)) for shift in range(4)]
    first.save(paths["gif"], save_all=True, append_images=others, duration=80)
    Film().write(paths["mp4"], [woman_at(100 + number) for number in range(6)])
    return paths


@pytest.mark.parametrize("change", [truncate, replace, remove, extend])
@pytest.mark.parametrize("kind", ["png", "gif", "mp4"])
def test_there_is_no_output(
    photo: Path, targets: dict[str, Path], out: Path, kind: str, change: Change
) -> None:
    said = "does not exist|removed" if change is remove else "while it was read"
    with pytest.raises(MediaError, match=said):
        swap(photo, targets[kind], out / f"out.{kind}", change)
    assert list(out.iterdir()) == []


def test_the_finished_segments_of_a_long_film_are_those_of_the_whole_film(
    photo: Path, tmp_path: Path, out: Path
) -> None:
    """After it is restored, the job resumes, and nothing of the other film is in the output."""
    film, kept = FaceClip(sound=()).write(tmp_path / "film.mp4"), tmp_path / "kept.mp4"
    shutil.copy2(film, kept)
    other = FaceClip(sound=(), begin=115.0).write(tmp_path / "other.mp4")
    undisturbed = swap(photo, film, out / "undisturbed.mp4", lambda target: None)
    with pytest.raises(MediaError, match="while it was read"):
        swap(photo, film, out / "out.mp4", lambda target: shutil.move(other, target), at=40)
    assert not (out / "out.mp4").exists()
    shutil.copy2(kept, film)
    result = swap(photo, film, out / "out.mp4", lambda target: None)
    assert 15 <= result.resumed <= 45
    assert seen(result.output) == seen(undisturbed.output)
    assert {path.name for path in out.iterdir()} == {"out.mp4", "undisturbed.mp4"}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """One that takes a while."""
    return FaceClip(times=tuple(range(0, 20_000, 66)), sound=()).write(tmp_path / "film.mp4")


@pytest.mark.slow
@pytest.mark.parametrize("change", [truncate, replace])
def test_the_command_fails(photo: Path, film: Path, out: Path, change: Change) -> None:
    with subprocess.Popen(
        command("swap", "-s", photo, "-t", film, "-o", out / "out.mp4"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(lambda: any(out.glob(".roop-*")))  # it is open
        change(film)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "while it was read" in errors
    assert "Traceback" not in errors
    assert list(out.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("change", [truncate, replace])
def test_so_does_a_job_of_the_server(
    photo: Path, film: Path, tmp_path: Path, change: Change
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with running(data) as server:
        target = server.upload(film)
        job = server.start_job(target, server.upload(photo))["id"]
        server.until(job, lambda job: bool(job["progress"] and job["progress"]["frames"] > 20))
        (content,) = (data / "roop/server/media" / target).glob("content*")
        change(content)
        failed = server.ended(job)
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "media"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
