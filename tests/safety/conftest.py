"""Clean and refused targets, and the command."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from roop.media.video.clip import write_clip
from support.figures import MakeClip, Pixels, Run, drawing

FPS = 10


@pytest.fixture(scope="session")
def face() -> Pixels:
    """320 x 320 with one face."""
    photo = np.asarray(Image.open(str(files("skimage") / "data" / "astronaut.png")).convert("RGB"))
    return np.ascontiguousarray(cv2.resize(photo[:320, 60:380], (320, 320)))


@pytest.fixture
def photo(face: Pixels, tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(face).save(path)
    return path


@pytest.fixture
def nude(tmp_path: Path) -> Path:
    path = tmp_path / "nude.png"
    Image.fromarray(drawing()).save(path)
    return path


@pytest.fixture
def clip(face: Pixels, tmp_path: Path) -> MakeClip:
    """Make 4.5 s of a face, with the drawing instead of it in the given frames of 45."""

    def make(bad: Sequence[int]) -> Path:
        path = tmp_path / "clip.mp4"
        frames = (drawing() if number in bad else face for number in range(45))
        write_clip(path, frames, fps=FPS)
        return path

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def roop(out: Path) -> Run:
    """Run ``roop swap`` in the folder ``out``, with additional variables in its environment."""

    def run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        source = str(Path(__file__).parents[2] / "src")
        paths = os.pathsep.join(filter(None, [environment.pop("PYTHONPATH", ""), source]))
        return subprocess.run(
            [sys.executable, "-m", "roop", "swap", *map(str, arguments)],
            cwd=out,
            env={**os.environ, "PYTHONWARNINGS": "error", **environment, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    return run
