"""The commands ``roop jobs`` and ``roop resume``, on a long job that was stopped."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from PIL import Image

from support.clips import times
from support.heads import hopper
from support.long_films import FaceClip
from support.terminal import command, environment

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a source photo and a minute of video at one frame per second."""
    Image.fromarray(hopper()).save(tmp_path / "me.png")
    clip = FaceClip(times=tuple(range(60)), time_base=Fraction(1), sound_s=60.0, begin=100.0)
    clip.write(tmp_path / "video.mp4")
    return tmp_path


def own_environment(folder: Path) -> dict[str, str]:
    return environment() | {"XDG_DATA_HOME": str(folder / "data")}


@pytest.fixture
def roop(folder: Path) -> Run:
    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments),
            cwd=folder,
            env=own_environment(folder),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    return run


def interrupted(folder: Path, number: int, *options: str) -> "subprocess.CompletedProcess[str]":
    """Start a job, and send it a signal when a segment is finished."""
    job = ("swap", "-s", "me.png", "-t", "video.mp4", "-o", "out.mp4", *options)
    with subprocess.Popen(
        command(*job),
        cwd=folder,
        env=own_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline:
            if any(p.stem.isdecimal() for p in folder.glob(".roop-work-*/*.json")):
                break
            time.sleep(0.01)
        workers = psutil.Process(process.pid).children()
        os.kill(process.pid, number)
        stdout, stderr = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    return subprocess.CompletedProcess(job, process.returncode, stdout, stderr)


@pytest.mark.slow
def test_a_killed_job_is_listed_and_resumed(folder: Path, roop: Run) -> None:
    interrupted(folder, signal.SIGKILL, "--workers", "2")
    (listed,) = json.loads(roop("jobs", "--json").stdout)
    assert listed["output"] == str(folder / "out.mp4")
    assert listed["target"] == str(folder / "video.mp4")
    assert 1 <= listed["finished"] < listed["segments"]
    assert not listed["running"]
    printed = roop("jobs").stdout
    assert f"{folder / 'out.mp4'}\n" in printed
    assert f"{listed['finished']} of {listed['segments']} segments" in printed
    done = roop("resume", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["frames"] == 60
    assert result["resumed"] >= 15
    assert times(folder / "out.mp4") == times(folder / "video.mp4")
    assert roop("jobs").stdout == "no unfinished jobs\n"
    assert list(folder.glob(".roop*")) == []


@pytest.mark.slow
def test_ctrl_c_says_how_to_resume(folder: Path, roop: Run) -> None:
    stopped = interrupted(folder, signal.SIGINT, "--workers", "1")
    assert stopped.returncode == 130
    assert stopped.stderr.startswith("stopped, 1 of 3 segments are kept\nhint: the same command")
    assert roop("resume", "other.mp4").returncode == 2
    (folder / "out.mp4").write_bytes(b"something else")
    refused = roop("resume", "out.mp4")
    assert refused.returncode == 2
    assert "hint: use --force" in refused.stderr
    done = roop("resume", "out.mp4", "--force")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{folder / 'out.mp4'}\n60 frames, 60 swapped (")


def test_unfinished_jobs_can_be_removed(folder: Path, roop: Run) -> None:
    interrupted(folder, signal.SIGTERM, "--workers", "1")
    assert len(list(folder.glob(".roop-work-*"))) == 1
    assert "removed" in roop("jobs", "clean").stdout
    assert list(folder.glob(".roop-work-*")) == []
    nothing = roop("resume")
    assert nothing.returncode == 2
    assert nothing.stderr == "error: there is no unfinished job\nhint: see `roop jobs`\n"
