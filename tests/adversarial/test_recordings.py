"""Point 10: a recording survives the end of its program, and nobody else's frames get into one."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

import roop
from roop.cli.app import run
from roop.media.video.clip import write_clip
from roop.pipeline.progress import Progress
from support.figures import Pixels
from support.ip_camera import ip_camera
from support.terminal import command, environment

PATIENCE_S = 60.0


@pytest.fixture(params=["recorded.mp4", "recorded.mkv"])
def killed(request: pytest.FixtureRequest, photo: Path, face: Pixels, out: Path) -> Path:
    """Return the name of a recording whose program was killed."""
    output = out / request.param
    with ip_camera([face]) as address:
        where = ["--input", address, "--serve", "none", "--record-video", str(output)]
        words = command("live", "--accept-terms", "-s", str(photo), *where)
        process = subprocess.Popen(words, env=environment())
        try:
            codes = ".roop-work-*/*.codes"
            # The first code may cover no more than the header.
            _wait(lambda: any(len(path.read_text().split("\n")) > 3 for path in out.glob(codes)))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert not output.exists()
    return output


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _raw(output: Path) -> Path:
    (raw,) = output.parent.glob(".roop-work-*/recording.mp4")
    return raw


def _frames(path: Path) -> list[Pixels]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


@pytest.mark.slow
def test_a_killed_recording_is_completed(
    killed: Path, face: Pixels, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["jobs"]) == 0
    assert f"{killed}\n  from a camera" in capsys.readouterr().out
    with _raw(killed).open("ab") as file:  # cut off anywhere, or lengthened
        file.write(bytes(1000))
    assert run(["resume", str(killed)]) == 0
    intact, unsigned = 0, 7  # Matroska files cannot be signed
    assert run(["verify", str(killed)]) == (intact if killed.suffix == ".mp4" else unsigned)
    frames = _frames(killed)
    assert len(frames) >= 3
    for frame in frames:
        assert frame[-28:, :140].min(axis=2).max() > 230  # the label
    assert [path.name for path in killed.parent.iterdir()] == [killed.name]


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["recorded.mp4"], indirect=True)
@pytest.mark.parametrize("edited", [False, True])
def test_other_frames_do_not_get_into_a_killed_recording(
    killed: Path, figure: Pixels, capsys: pytest.CaptureFixture[str], *, edited: bool
) -> None:
    raw = _raw(killed)
    if edited:  # a single bit, in the header's time
        content = bytearray(raw.read_bytes())
        content[60] ^= 1
        raw.write_bytes(content)
    else:
        write_clip(killed.parents[1] / "stranger.mp4", [figure] * 30, fps=10)
        shutil.copy(killed.parents[1] / "stranger.mp4", raw)
    assert run(["resume", str(killed)]) != 0
    assert "nothing of" in capsys.readouterr().err
    assert list(killed.parent.iterdir()) == []


def test_the_recording_is_complete_before_the_page_is_closed(
    photo: Path, face: Pixels, out: Path
) -> None:
    import urllib.request

    film, output = out / "film.mp4", out / "recorded.mp4"
    write_clip(film, [face] * 10, fps=10)
    pages: list[str] = []
    answered: list[bool] = []

    def watch(seen: Progress) -> None:
        note = seen.note or ""
        if note.startswith("look at "):
            pages.append(note.removeprefix("look at "))
        if note.startswith("recorded "):
            with urllib.request.urlopen(pages[0], timeout=30) as answer:
                answered.append(answer.status == 200 and output.exists())

    roop.live(photo, input=str(film), serve="127.0.0.1:0", record_video=output, watch=watch)
    assert answered == [True]
