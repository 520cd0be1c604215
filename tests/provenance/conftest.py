"""Sample targets, and a folder for keys that is not the user's own."""

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from roop.media.video.clip import write_clip


@pytest.fixture(autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder / "roop" / "signing"


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    photo = np.asarray(Image.open(str(files("skimage") / "data" / "astronaut.png")).convert("RGB"))
    path = tmp_path_factory.mktemp("face") / "somebody-private.png"
    Image.fromarray(cv2.resize(photo[:320, 60:380], (320, 320))).save(path)
    return path


@pytest.fixture(scope="session")
def video(face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of video with audio."""
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    pixels = np.asarray(Image.open(face))
    sound = np.sin(np.arange(24_000, dtype=np.float32) / 20) / 4
    write_clip(path, (pixels for _ in range(12)), fps=24, sound=sound)
    return path
