"""Changing the brightness of a part of a frame, in every pixel format."""

from fractions import Fraction

import av
import numpy as np
import pytest

from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Box

BOX = Box(16, 8, 33, 21)

FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p10le", "yuv444p", "nv12", "p010le", "gray", "gray10le", "gbrp",
    "gbrp10le", "rgb24", "bgra", "rgb48le", "yuyv422",
]  # fmt: skip


def frame(name: str, *, orientation: Orientation | None = None) -> PlanarFrame:
    y, x = np.mgrid[:48, :64]
    picture = np.stack([90 + x, 100 + y, 120 - x // 2], axis=-1).astype(np.uint8)
    raw = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=name)
    kept = orientation or Orientation()
    return PlanarFrame(raw, pts=0, time_base=Fraction(1, 25), orientation=kept)


@pytest.mark.parametrize("name", FORMATS)
def test_brightness_rises_in_the_box_and_nowhere_else(name: str) -> None:
    shaded = frame(name)
    before = shaded.crop(Box(0, 0, 64, 48)).astype(int)
    shaded.shade(BOX, np.full((BOX.height, BOX.width), 8, np.float32))
    change = shaded.crop(Box(0, 0, 64, 48)) - before
    inside = change[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1]
    assert inside.mean() == pytest.approx(8, abs=0.6)
    assert np.abs(inside - 8).max() <= 2
    change[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1] = 0
    assert not change.any()


@pytest.mark.parametrize("tag", range(1, 9))
def test_it_falls_where_the_upright_picture_has_it(tag: int) -> None:
    steps = np.zeros((BOX.height, BOX.width), np.float32)
    steps[2, 5] = 40
    for shaded in (
        frame("yuv444p", orientation=Orientation(tag)),
        StoredFrame(np.full((60, 50, 3), 90, np.uint8), orientation=Orientation(tag)),
    ):
        whole = Box(0, 0, *shaded.size)
        before = shaded.crop(whole).astype(int)
        shaded.shade(BOX, steps)
        rows, columns = np.nonzero((shaded.crop(whole) != before).any(axis=2))
        assert (rows.tolist(), columns.tolist()) == ([BOX.y0 + 2], [BOX.x0 + 5])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_photos_keep_their_transparency(channels: int, depth: type) -> None:
    unit = 257 if depth is np.uint16 else 1
    shaded = StoredFrame(np.full((48, 64, channels), 100 * unit, depth))
    shaded.shade(BOX, np.full((BOX.height, BOX.width), 3, np.float32))
    inside = shaded.samples[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1]
    colours = 1 if channels < 3 else 3
    assert (inside[..., :colours] == 103 * unit).all()
    assert (inside[..., colours:] == 100 * unit).all()
    assert shaded.edited is not None
    assert shaded.edited.sum() == BOX.width * BOX.height


def test_light_and_dark_end_where_samples_do() -> None:
    steps = np.full((BOX.height, BOX.width), 300, np.float32)
    for sign in (1, -1):
        for shaded in (frame("yuv420p10le"), StoredFrame(np.full((48, 64, 3), 90, np.uint8))):
            shaded.shade(BOX, sign * steps)
            assert (shaded.crop(BOX) == (255 if sign > 0 else 0)).mean() > 0.6


def test_a_box_outside_the_picture_is_refused() -> None:
    for shaded in (frame("yuv420p"), StoredFrame(np.zeros((48, 64, 3), np.uint8))):
        with pytest.raises(ValueError, match=r"inside|outside"):
            shaded.shade(Box(60, 0, 70, 4), np.zeros((4, 10), np.float32))
