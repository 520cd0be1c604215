"""Sampling of a rotated square, compared with scipy's."""

from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from roop.geometry import Square
from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Box, Frame, Pixels

FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "yuv422p10le", "nv12", "p010le",
    "gray", "gray10le", "gbrp", "gbrp10le", "rgb24", "bgra", "rgb48le", "yuyv422",
]  # fmt: skip

SIDE = 48


def hills(size: tuple[int, int] = (160, 120)) -> Pixels:
    """A picture that changes slowly, in colour."""
    y, x = np.mgrid[: size[1], : size[0]].astype(float)
    waves = [np.sin(x / 17 + phase) * np.cos(y / 13 - phase) for phase in (0.0, 1.0, 2.2)]
    return (128 + 70 * np.stack(waves, axis=-1)).astype(np.uint8)


def film(pixels: Pixels, form: str = "yuv420p", tag: int = 1) -> PlanarFrame:
    raw = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=form, threads=1)
    return PlanarFrame(raw, pts=0, time_base=Fraction(1, 25), orientation=Orientation(tag))


def reference(frame: Frame, square: Square, side: int) -> NDArray[np.float64]:
    """Return the square from the whole picture, 0 beyond it, NaN where it meets the edge."""
    whole = frame.crop(Box(0, 0, *frame.size)).astype(float)
    y, x = np.mgrid[:side, :side]
    matrix = square.to_frame(side).astype(float)
    places = np.stack([x, y, np.ones_like(x)]).transpose(1, 2, 0) @ matrix.T
    at = places[..., ::-1].transpose(2, 0, 1)
    parts = [map_coordinates(whole[..., c], at, order=1, mode="constant") for c in range(3)]
    seen = np.stack(parts, axis=-1)
    width, height = frame.size
    off = np.maximum.reduce(
        [-places[..., 0], places[..., 0] - width + 1, -places[..., 1], places[..., 1] - height + 1]
    )
    seen[np.abs(off) < 4] = np.nan
    return seen


def assert_shows(frame: Frame, square: Square) -> None:
    found, expected = frame.warped(square.to_frame(SIDE), SIDE), reference(frame, square, SIDE)
    assert found.shape == (SIDE, SIDE, 3)
    assert found.dtype == np.uint8
    off = np.abs(found - expected)
    assert np.nanmean(off) < 1.5
    assert np.nanmax(off) < 8


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
@pytest.mark.parametrize("form", FORMATS)
def test_of_any_format(form: str, angle: float) -> None:
    assert_shows(film(hills(), form), Square(77.3, 58.6, 61.0, angle))


@pytest.mark.parametrize("tag", range(1, 9))
def test_of_rotated_frames(tag: int) -> None:
    square = Square(52.0, 47.0, 60.0, 0.4)
    assert_shows(film(hills(), tag=tag), square)
    assert_shows(StoredFrame(hills(), orientation=Orientation(tag)), square)


@pytest.mark.parametrize("side", [20.0, 47.0, 86.0, 110.0])
def test_of_any_size(side: float) -> None:
    assert_shows(film(hills()), Square(80.0, 60.0, side, 0.2))
    assert_shows(StoredFrame(hills()), Square(80.0, 60.0, side, 0.2))


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "p010le", "nv12", "gray10le", "gbrp"])
@pytest.mark.parametrize("middle", [(5.0, 60.0), (158.0, 117.0), (80.0, -300.0)])
def test_beyond_the_picture_it_is_black(form: str, middle: tuple[float, float]) -> None:
    square = Square(*middle, 70.0, 0.3)
    assert_shows(film(hills(), form), square)
    assert_shows(StoredFrame(hills()), square)


@pytest.mark.parametrize("form", ["yuv420p", "rgb24"])
def test_fine_patterns_become_their_mean(form: str) -> None:
    y, x = np.mgrid[:480, :640]
    board = np.repeat(((x + y) % 2 * 200)[..., None], 3, axis=2).astype(np.uint8)
    for frame in (film(board, form), StoredFrame(board)):
        small = frame.warped(Square(320, 240, 400, 0.2).to_frame(SIDE), SIDE).astype(int)
        assert np.abs(small - 100).max() < 12


def test_reading_changes_nothing() -> None:
    frame = film(hills())
    before = frame.crop(Box(0, 0, *frame.size))
    frame.warped(Square(80, 60, 90, 0.5).to_frame(SIDE), SIDE)[:] = 0
    assert np.array_equal(frame.crop(Box(0, 0, *frame.size)), before)
