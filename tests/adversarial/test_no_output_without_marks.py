"""No output leaves without a mark that can be read back from the finished file."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from roop.errors import MediaError
from roop.media.video.clip import write_clip
from roop.options import Settings
from roop.provenance.marks import make_marks
from support.figures import Pixels
from support.outputs import make


@pytest.fixture
def small(face: Pixels) -> Pixels:
    """A face too small for the watermark."""
    scene = np.full((320, 320, 3), 120, np.uint8)
    scene[140:204, 140:204] = cv2.resize(face, (64, 64))
    return scene


def assert_labelled(pixels: Pixels, label: str = "bottom-left") -> None:
    corner = pixels[-30:, :90]
    assert (corner.max(axis=2) > 200).sum() > 100
    assert (corner.max(axis=2) < 90).sum() > 100


@pytest.mark.parametrize("suffix", ["bmp", "BMP", "dib"])
def test_a_photo(photo: Path, small: Pixels, out: Path, suffix: str) -> None:
    Image.fromarray(small).save(photo.with_name("small.png"))
    make(photo, photo.with_name("small.png"), out / f"x.{suffix}")
    assert_labelled(np.asarray(Image.open(out / f"x.{suffix}").convert("RGB")))


@pytest.mark.parametrize("options", [{}, {"label": {"label": True, "label_seconds": 2}}])
@pytest.mark.parametrize("suffix", ["ts", "m2ts"])
def test_a_video(
    photo: Path, small: Pixels, out: Path, suffix: str, options: dict[str, object]
) -> None:
    target = photo.with_name("small.mp4")
    write_clip(target, [small] * 60, fps=24)
    make(photo, target, out / f"x.{suffix}", **options)
    with av.open(out / f"x.{suffix}") as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert_labelled(shown[0])
    assert_labelled(shown[-1])


def test_another_format_is_refused(photo: Path, small: Pixels, out: Path) -> None:
    """Whatever holds neither tags nor a signature, and in which no watermark is found."""
    marks = make_marks("mesh", (), Settings(), print)
    Image.fromarray(small).save(out / "x.bmp")
    with pytest.raises(MediaError, match="cannot carry marks"):
        marks.write(out / "x.bmp")
