"""A film that is long for its pace, and a photo to swap into it."""

from pathlib import Path

import pytest
from PIL import Image

from support.heads import hopper
from support.long_films import FaceClip


@pytest.fixture(autouse=True)
def own_data_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source and the target."""
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(hopper()).save(folder / "source.png")
    FaceClip().write(folder / "film.mp4")
    return folder
