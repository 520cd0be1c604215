"""The progress bar is drawn at a terminal only."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.media.video.clip import write_clip
from support.terminal import Roop, command, environment, read_terminal

pty = pytest.importorskip("pty", reason="Windows has no such terminals")


def clip_of(photo: Path, path: Path) -> Path:
    with Image.open(photo) as image:
        pixels = np.asarray(image.convert("RGB").resize((256, 300)))
    write_clip(path, [pixels] * 5, fps=25)
    return path


def test_a_bar_at_a_terminal(portraits: dict[str, Path], tmp_path: Path) -> None:
    clip = clip_of(portraits["hopper"], tmp_path / "clip.mp4")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4"),
        cwd=tmp_path,
        env=environment() | {"TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        drawn = read_terminal(ours)
        assert process.stdout is not None
        printed = process.stdout.read()
    assert process.returncode == 0, drawn
    assert "5/5 frames" in drawn
    assert "fps" in drawn
    assert " MB" in drawn
    assert printed.startswith("out.mp4\n5 frames, 5 swapped; ")


def test_no_bar_without_a_terminal(roop: Roop, portraits: dict[str, Path], tmp_path: Path) -> None:
    clip = clip_of(portraits["hopper"], tmp_path / "clip.mp4")
    done = roop("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4")
    assert (done.returncode, done.stderr) == (0, "")
