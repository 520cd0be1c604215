"""Which kinds of outputs a target can have, and what an output in a folder is called."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.errors import UsageError
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.options import VideoOptions
from support.clips import Clip
from support.targets import TARGETS

VIDEO = VideoOptions()


@pytest.mark.parametrize(
    ("target", "output", "message"),
    [
        ("png", "o.mp4", "the target is a photo, but .mp4 is not an image format"),
        ("png", "o", "is not a folder and has no suffix"),
        ("gif", "o.jpg", "cannot hold an animation"),
        ("gif", "o.avif", "cannot hold an animation"),
        ("gif", "o", "is not a folder and has no suffix"),
        ("mp4", "o.avif", "the target is a video, but o.avif is an image"),
        ("mp4", "o.mpg", "mpeg files cannot hold"),
        ("mp4", "o.txt", "the target is a video, but .txt is not a video format"),
    ],
)
def test_pairs_that_cannot_be(tmp_path: Path, target: str, output: str, message: str) -> None:
    path, given = tmp_path / output, TARGETS[target](tmp_path)
    with (
        open_reader(given, VIDEO, print, output=path) as reader,
        pytest.raises(UsageError, match=message) as caught,
    ):
        open_writer(path, reader, VIDEO, force=False, warn=print)
    assert caught.value.hint
    assert not path.exists()


def test_an_animation_becomes_a_video(tmp_path: Path) -> None:
    path = tmp_path / "o.mp4"
    with (
        open_reader(TARGETS["gif"](tmp_path), VIDEO, print, output=path) as reader,
        open_writer(path, reader, VIDEO, force=False, warn=print) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    with open_reader(path, VIDEO, print) as made:
        assert (made.info.kind, len(list(made))) == ("video", len(list(_frames(tmp_path))))


def _frames(folder: Path) -> list[int]:
    with Image.open(folder / "target.gif") as image:
        return list(range(image.n_frames))


@pytest.mark.parametrize(
    ("name", "encoder", "suffix"),
    [
        ("t.mkv", "libx264", ".mkv"),
        ("t.MOV", "libx264", ".MOV"),
        ("t.webm", "libx264", ".webm"),  # VP9 takes the default's place there
        ("t.webm", "libx265", ".mp4"),
        ("t.vob", "libx264", ".mp4"),
        ("t.ogv", "libx264", ".mp4"),
        ("t.txt", "libx264", ".mp4"),
        ("t", "libx264", ".mp4"),
    ],
)
def test_a_video_keeps_its_extension_if_it_can_be_written(
    tmp_path: Path, name: str, encoder: str, suffix: str
) -> None:
    target = Clip().write(tmp_path / "clip.mkv").rename(tmp_path / name)
    assert same_format_suffix(target, VideoOptions(output_video_encoder=encoder)) == suffix


@pytest.mark.parametrize(
    ("name", "container", "suffix"),
    [("t.JPG", "JPEG", ".JPG"), ("t", "PNG", ".png"), ("t.jpg", "PNG", ".png")],
)
def test_a_picture_is_called_what_it_is(
    tmp_path: Path, name: str, container: str, suffix: str
) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name, container)
    assert same_format_suffix(tmp_path / name, VIDEO) == suffix
