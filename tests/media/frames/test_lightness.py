"""The brightness of a part of a frame, compared with its RGB pixels."""

from fractions import Fraction

import av
import numpy as np
import pytest

from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Box, Frame

BOX = Box(3, 5, 46, 31)

FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p10le", "nv12", "p010le", "gray", "gray10le", "gbrp",
    "gbrp10le", "rgb24", "bgra", "rgb48le", "yuyv422",
]  # fmt: skip


def slope() -> np.ndarray:
    y, x = np.mgrid[:48, :64]
    return np.repeat((20 + 2 * x + y)[..., np.newaxis], 3, axis=2).astype(np.uint8)


def assert_as_seen(frame: Frame) -> None:
    seen = frame.crop(BOX).mean(axis=2)
    found = frame.lightness(BOX)
    assert found.shape == (BOX.height, BOX.width)
    assert found.dtype == np.uint8
    assert np.abs(found - seen).max() <= 17  # of limited range, black is 16
    assert np.corrcoef(found.ravel(), seen.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("name", FORMATS)
def test_of_any_format(name: str) -> None:
    raw = av.VideoFrame.from_ndarray(slope(), format="rgb24").reformat(format=name)
    assert_as_seen(PlanarFrame(raw, pts=0, time_base=Fraction(1, 25), orientation=Orientation(1)))


@pytest.mark.parametrize("tag", range(1, 9))
def test_of_rotated_frames(tag: int) -> None:
    orientation = Orientation(tag)
    raw = av.VideoFrame.from_ndarray(slope(), format="rgb24").reformat(format="yuv420p")
    assert_as_seen(PlanarFrame(raw, pts=0, time_base=Fraction(1, 25), orientation=orientation))
    assert_as_seen(StoredFrame(slope(), orientation=orientation))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_of_photos(channels: int) -> None:
    samples = np.repeat(slope()[..., :1], channels, axis=2)
    assert_as_seen(StoredFrame(samples))
    assert_as_seen(StoredFrame(samples.astype(np.uint16) * 257))
