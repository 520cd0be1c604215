"""The same networks judge every job, whatever folder of models it names."""

from pathlib import Path

import pytest

from roop.errors import ModelError
from roop.home import user_folder
from roop.models.networks import SCREEN, SECOND, screen_models
from roop.options import Settings
from support.outputs import make


def test_another_folder_of_models_leaves_no_network_out(
    photo: Path, video: Path, out: Path, tmp_path: Path
) -> None:
    """A file that is not the second network stops a job with any folder of models."""
    own = user_folder() / "models" / "open_nsfw.onnx"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"another network")
    other = tmp_path / "other"
    other.mkdir()
    for settings in (Settings(), Settings(models=other), Settings(models=tmp_path / "none")):
        assert screen_models(settings) == (SCREEN, SECOND)
        with pytest.raises(ModelError, match="open_nsfw is damaged"):
            make(photo, video, out / "x.mp4", settings)
    assert list(out.iterdir()) == []


def test_a_network_in_the_named_folder_judges_too(tmp_path: Path) -> None:
    (tmp_path / "open_nsfw.onnx").write_bytes(b"another network")
    assert screen_models(Settings(models=tmp_path)) == (SCREEN, SECOND)
    assert screen_models(Settings()) == (SCREEN,)
