"""Clean pictures, the drawing that is refused, and a folder for keys that is not the user's own."""

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from roop.media.video.clip import write_clip
from support.figures import Pixels, drawing


@pytest.fixture(autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def face() -> Pixels:
    """320 x 320 with one face."""
    photo = np.asarray(Image.open(str(files("skimage") / "data" / "astronaut.png")).convert("RGB"))
    return np.ascontiguousarray(cv2.resize(photo[:320, 60:380], (320, 320)))


@pytest.fixture(scope="session")
def figure() -> Pixels:
    """The drawing, 320 x 320."""
    return drawing()


@pytest.fixture
def photo(face: Pixels, tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(face).save(path)
    return path


@pytest.fixture
def video(face: Pixels, tmp_path: Path) -> Path:
    path = tmp_path / "clean.mp4"
    write_clip(path, [face] * 12, fps=12)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
