"""A webcam of this machine: read in both formats, and found again after it was unplugged."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.films import woman_at
from support.ip_camera import Pixels, Viewer
from support.terminal import command, environment
from support.webcam import ADDRESS, Webcam, webcam, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Webcam:
    grey: Pixels = np.full((720, 1280, 3), 120, np.uint8)
    frames = [woman_at(500 + 30 * step, 360, canvas=grey) for step in range(3)]
    return webcam(tmp_path_factory.mktemp("webcam"), frames)


@pytest.mark.parametrize(
    ("options", "size", "written"),
    [
        ((), [1280, 720], "mjpeg (yuvj420p)"),
        (("--camera-format", "yuyv422"), [640, 480], "rawvideo (yuyv422)"),
    ],
)
def test_the_mode_with_the_most_frames_is_read(
    camera: Webcam, options: tuple[str, ...], size: list[int], written: str
) -> None:
    done = subprocess.run(
        command("doctor", "--camera", ADDRESS, *options, "--json"),
        env=environment() | camera.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    report = json.loads(done.stdout)
    assert (report["size"], report["format"]) == (size, written)


def until(process: "subprocess.Popen[str]", word: str) -> str:
    """Return the next line of stderr with ``word`` in it."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if word in line:
            return line
    raise AssertionError(lines)


def test_it_is_found_again_after_it_was_unplugged(
    camera: Webcam, portraits: dict[str, Path]
) -> None:
    arguments = ("--accept-terms", "-s", portraits["hopper"], "--input", ADDRESS)
    process = subprocess.Popen(
        command("live", *arguments, "--serve", "127.0.0.1:0"),
        env=environment() | camera.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    viewer = Viewer()
    viewer.look(until(process, "look at ").removeprefix("look at ").strip())

    def seen(more: int) -> Callable[[], bool]:
        wanted = len(viewer.pictures) + more
        return lambda: len(viewer.pictures) >= wanted

    wait(viewer, seen(3))
    camera.unplug()
    assert f"camera {ADDRESS} is lost (no such device)" in until(process, "is lost")
    camera.plug_in()
    until(process, "is back")
    wait(viewer, seen(3))
    process.send_signal(signal.SIGINT)
    _, complained = process.communicate(timeout=60)
    viewer.join()
    assert process.returncode == 0, complained
    assert viewer.pixels(-1).shape == (720, 1280, 3)


def wait(viewer: Viewer, condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition() or viewer.ended.wait(0.1):
            break
    assert condition()
