"""The screen stops live streams, and nothing is shown without it."""

import io
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from PIL import Image

import roop
from roop.api import make_live
from roop.errors import ModelError, RefusedError, UsageError
from roop.options import Settings
from roop.pipeline.live.live_job import LiveTask, run_live
from roop.processors import installed
from support.figures import MakeClip, Pixels


def test_a_refused_frame_ends_the_stream(
    clip: MakeClip, photo: Path, face: Pixels, out: Path
) -> None:
    video, output = clip(range(20, 45)), out / "recorded.mp4"
    environment = {**os.environ, "PYTHONPATH": str(Path(roop.__file__).parents[1])}
    command = [sys.executable, "-m", "roop", "live", "--accept-terms", "-s", str(photo)]
    streams = ["--input", str(video), "--serve", "127.0.0.1:0", "--record-video", str(output)]
    process = subprocess.Popen(
        [*command, *streams], stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    page = process.stderr.readline().removeprefix("look at ").strip()
    with urllib.request.urlopen(f"{page}stream.mjpg", timeout=60) as stream:
        content = stream.read()  # the stream ends
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 6, stderr
    assert "clip.mp4 shows a bare female breast in frame 00:00:0" in stderr
    assert list(out.iterdir()) == []
    frames = [part.partition(b"\r\n\r\n")[2] for part in content.split(b"--frame")[1:]]
    assert frames
    for frame in frames:
        pixels = np.asarray(Image.open(io.BytesIO(frame)))
        assert np.abs(pixels[:40].astype(int) - face[:40]).mean() < 12


def test_a_refused_source_stops_the_stream(clip: MakeClip, nude: Path, out: Path) -> None:
    with pytest.raises(RefusedError, match=r"nude\.png"):
        roop.live(nude, input=str(clip([])), serve="none", record_video=out / "recorded.mp4")
    assert list(out.iterdir()) == []


@pytest.fixture
def in_the_screen() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Call a function in the screen's thread at its third image."""

    def install(action: Callable[[], None]) -> None:
        images = 0

        def trace(frame: FrameType, event: str, argument: object) -> None:
            nonlocal images
            screen = threading.current_thread().name == "roop-screen"
            if screen and event == "call" and frame.f_code.co_name == "detect":
                images += 1
                if images == 3:
                    action()

        threading.settrace(trace)

    yield install
    threading.settrace(None)  # type: ignore[arg-type]  # typeshed leaves None out


@pytest.mark.parametrize("how", ["raises", "ends", pytest.param("hangs", marks=pytest.mark.slow)])
def test_nothing_is_shown_without_the_screen(
    clip: MakeClip,
    photo: Path,
    out: Path,
    in_the_screen: Callable[[Callable[[], None]], None],
    how: str,
) -> None:
    release = threading.Event()

    def action() -> None:
        if how == "hangs":
            release.wait(60)
        raise SystemExit if how == "ends" else ValueError

    in_the_screen(action)
    options = {"input": str(clip([])), "serve": "none", "record_video": out / "recorded.mp4"}
    job, live = make_live([photo], options, installed())
    with pytest.raises(ModelError, match="the screen for nudity has stopped"):
        run_live(LiveTask(job, live, Settings(), installed(), patience_s=3))
    release.set()
    for thread in threading.enumerate():
        if thread.name == "roop-screen":
            thread.join(10)
    assert list(out.iterdir()) == []


def test_no_option_switches_the_screen_off(photo: Path) -> None:
    with pytest.raises(UsageError, match="no option screen"):
        roop.live(photo, **{"screen": False})  # type: ignore[typeddict-unknown-key]  # the point
