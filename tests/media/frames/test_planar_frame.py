"""Crops and pastes are held against the matrices of ITU-T H.273, computed in float64 here."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.types import Box
from support.clips import Clip, pattern, planes

WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}

FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuva420p", "nv12", "nv21",
    "nv16", "yuyv422", "uyvy422", "gray", "yuv420p10le", "yuv422p10le", "yuv444p10le", "p010le",
    "yuv420p12le", "gray10le", "gbrp", "gbrp10le", "rgb24", "bgr24", "bgra", "argb", "0rgb",
    "rgb48le",
]  # fmt: skip

SIZES = [(64, 48), (61, 47), (62, 45)]


def made(
    form: str, size: tuple[int, int] = (64, 48), matrix: int = 5, full: bool = False
) -> av.VideoFrame:
    """A picture with soft texture in ``form``, the way a decoder would hand it out."""
    rng = np.random.default_rng(7)
    noise = rng.integers(-20, 21, (size[1], size[0], 3))
    pixels = np.clip(pattern(*size, 2).astype(int) + noise, 16, 235).astype(np.uint8)
    frame = VideoReformatter().reformat(
        av.VideoFrame.from_ndarray(pixels, "rgb24"),
        format=form,
        dst_colorspace=matrix,
        dst_color_range=2 if full else 1,
        threads=1,  # with more of them edges between their parts come out differently now and then
    )
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    return frame


def wrapped(raw: av.VideoFrame, tag: int = 1) -> PlanarFrame:
    return PlanarFrame(raw, pts=0, time_base=Fraction(1, 25), orientation=Orientation(tag))


def everything(frame: PlanarFrame) -> Box:
    return Box(0, 0, *frame.size)


def reference(y: NDArray, cb: NDArray, cr: NDArray, matrix: int, full: bool) -> NDArray:
    """H.273, equations 29 to 33 and 41 to 45 backwards, for 8 bit samples."""
    red, blue = WEIGHTS[matrix]
    luma = y / 255 if full else (y - 16) / 219
    pb, pr = ((c - 128) / (255 if full else 224) for c in (cb, cr))
    r, b = luma + 2 * (1 - red) * pr, luma + 2 * (1 - blue) * pb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.stack([r, g, b], axis=-1) * 255, 0, 255)


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (1, 1)])
def test_crop_follows_the_standard(matrix: int, full: bool, shift: tuple[int, int]) -> None:
    form = {(0, 0): "yuv444p", (1, 0): "yuv422p", (1, 1): "yuv420p"}[shift]
    raw = made(form, (64, 48), matrix, full)
    y, cb, cr = (part.astype(float) for part in planes(raw))
    y, cb, cr = y[:, :64], cb[:, : 64 >> shift[0]], cr[:, : 64 >> shift[0]]
    cb, cr = (c.repeat(1 << shift[1], 0).repeat(1 << shift[0], 1) for c in (cb, cr))
    frame = wrapped(raw)
    difference = frame.crop(everything(frame)) - reference(y, cb, cr, matrix, full)
    assert np.abs(difference).max() <= 0.51
    assert abs(difference.mean()) < 0.05


@pytest.mark.parametrize(("height", "matrix"), [(718, 5), (720, 1)])
def test_an_unnamed_matrix_is_taken_by_size(height: int, matrix: int) -> None:
    raw = made("yuv444p", (64, height))
    raw.colorspace, raw.color_range = 2, 0
    y, cb, cr = (part[:, :64].astype(float) for part in planes(raw))
    frame = wrapped(raw)
    expected = reference(y, cb, cr, matrix, full=False)
    assert np.abs(frame.crop(everything(frame)) - expected).max() <= 0.51


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_a_crop_is_the_same_part_of_the_whole(form: str, size: tuple[int, int]) -> None:
    frame = wrapped(made(form, size))
    whole = frame.crop(everything(frame))
    rng = np.random.default_rng(1)
    for _ in range(20):
        x0, y0 = int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))
        x1, y1 = int(rng.integers(x0 + 1, size[0] + 1)), int(rng.integers(y0 + 1, size[1] + 1))
        assert np.array_equal(frame.crop(Box(x0, y0, x1, y1)), whole[y0:y1, x0:x1])


@pytest.mark.parametrize("form", FORMATS)
def test_a_crop_pasted_back_changes_nothing(form: str) -> None:
    raw = made(form)
    frame = wrapped(raw)
    before = planes(raw)
    box = Box(5, 3, 58, 44)
    frame.paste(box, frame.crop(box), np.full((41, 53), 255, np.uint8))
    for old, new in zip(before, planes(raw), strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_a_paste_shows_and_leaves_the_rest(form: str, size: tuple[int, int]) -> None:
    frame = wrapped(made(form, size))
    before, old = planes(frame.raw), frame.crop(everything(frame))
    box = Box(15, 9, 45, 38)
    # Soft enough that shared chroma can follow.
    pixels = np.full((29, 30, 3), (150, 110, 90), np.uint8)
    frame.paste(box, pixels, np.full((29, 30), 255, np.uint8))
    new = frame.crop(everything(frame))
    inner = new[13:34, 20:40].astype(int)
    if form.startswith("gray"):
        luma = 0.299 * 150 + 0.587 * 110 + 0.114 * 90
        assert np.abs(inner - luma).max() <= 2
    else:
        assert np.abs(inner - (150, 110, 90)).max() <= 2
    outside = np.ones(new.shape[:2], bool)
    outside[8:40, 12:48] = False
    assert np.array_equal(new[outside], old[outside])
    # Bytes too: what lies above the first and below the last row of chroma sites is untouched.
    for was, now in zip(before, planes(frame.raw), strict=True):
        rows = was.shape[0] / size[1]
        top, bottom = int(8 * rows), int(np.ceil(40 * rows))
        assert np.array_equal(was[:top], now[:top])
        assert np.array_equal(was[bottom:], now[bottom:])


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "nv12", "bgra", "gray", "yuv410p"])
@pytest.mark.parametrize(("tag", "size"), [(1, (721, 521)), (6, (720, 520))])
def test_a_large_paste_is_the_sum_of_small_ones(form: str, tag: int, size: tuple[int, int]) -> None:
    one, other = wrapped(made(form, size), tag), wrapped(made(form, size), tag)
    rng = np.random.default_rng(3)
    whole = everything(one)
    pixels = rng.integers(0, 256, (whole.height, whole.width, 3), dtype=np.uint8)
    alpha = rng.integers(0, 256, pixels.shape[:2], dtype=np.uint8)
    alpha[120:330] = 0
    one.paste(whole, pixels, alpha)
    for top in range(0, whole.height, 40):
        for left in range(0, whole.width, 40):
            box = Box(left, top, left + 40, top + 40).clipped(other.size)
            other.paste(
                box,
                np.ascontiguousarray(pixels[box.rows, box.columns]),
                np.ascontiguousarray(alpha[box.rows, box.columns]),
            )
    a, b = (
        planes(VideoReformatter().reformat(f.raw, format="gbrp", threads=1)) for f in (one, other)
    )
    off = np.abs(np.stack(a).astype(int) - np.stack(b))[:, :, : size[0]]
    assert off.max() <= 1  # OpenCV rounds the last samples of a box in another way
    assert off.mean() < 1e-4


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("tag", [1, 5])
def test_a_smaller_picture_is_enlarged_to_its_box(form: str, tag: int) -> None:
    frame = wrapped(made(form, (161, 121)), tag)
    width, height = frame.size
    box = Box(11, 7, 101, 115) if tag == 1 else Box(7, 11, 115, 101)
    small = pattern(box.width // 3, box.height // 3, 9)
    alpha = np.full((box.height, box.width), 255, np.uint8)
    before = frame.crop(Box(0, 0, width, height))
    frame.paste(box, small, alpha)
    after = frame.crop(Box(0, 0, width, height))
    expected = np.asarray(
        Image.fromarray(small).resize((box.width, box.height), Image.Resampling.BILINEAR), int
    )
    if "gray" in form:
        expected = np.repeat(expected @ [[0.299], [0.587], [0.114]], 3, axis=2)
    shown = after[box.rows, box.columns].astype(int)
    assert np.abs(shown - expected).mean() < 4  # of which chroma is shared
    after[box.y0 - 4 : box.y1 + 4, box.x0 - 4 : box.x1 + 4] = 0
    before[box.y0 - 4 : box.y1 + 4, box.x0 - 4 : box.x1 + 4] = 0
    assert np.array_equal(after, before)


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le"])
def test_a_smaller_picture_looks_as_if_it_had_been_enlarged_before(form: str) -> None:
    one, other = (wrapped(made(form, (384, 360)), 1) for _ in range(2))
    box = Box(12, 8, 372, 352)
    small = pattern(box.width // 3, box.height // 3, 9)
    large = Image.fromarray(small).resize((box.width, box.height), Image.Resampling.BILINEAR)
    x = np.linspace(0, 1, box.width)
    alpha = np.tile(np.rint(255 * np.minimum(1, 8 * x * (1 - x))).astype(np.uint8), (box.height, 1))
    one.paste(box, small, alpha)
    other.paste(box, np.asarray(large), alpha)
    deep = "10" in form
    for a, b in zip(planes(one.raw), planes(other.raw), strict=True):
        shown, expected = (p.view(np.uint16 if deep else np.uint8).astype(int) for p in (a, b))
        off = np.abs(shown - expected) / (4 if deep else 1)
        assert off.mean() < 0.4
        assert off.max() < 4


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "nv12", "bgra", "p010le"])
def test_only_samples_under_the_alpha_change(form: str) -> None:
    frame = wrapped(made(form))
    old = frame.crop(everything(frame))
    before = planes(frame.raw)
    alpha = np.zeros((24, 24), np.uint8)
    alpha[6:18, 6:18] = 200
    pixels = np.zeros((24, 24, 3), np.uint8)
    frame.paste(Box(10, 10, 34, 34), pixels, alpha)
    new = frame.crop(everything(frame))
    assert np.array_equal(new[:16], old[:16])
    assert np.array_equal(new[28:], old[28:])
    assert np.array_equal(new[:, :16], old[:, :16])
    assert np.array_equal(new[:, 28:], old[:, 28:])
    assert any(
        not np.array_equal(was, now) for was, now in zip(before, planes(frame.raw), strict=True)
    )


def test_alpha_mixes_evenly() -> None:
    frame = wrapped(made("yuv444p"))
    box = everything(frame)
    old = frame.crop(box).astype(float)
    pixels = np.full((48, 64, 3), 128, np.uint8)
    frame.paste(box, pixels, np.full((48, 64), 64, np.uint8))
    expected = old + (128 - old) * 64 / 255
    assert np.abs(frame.crop(box) - expected).max() <= 2.5


def test_chroma_moves_by_the_mean_of_the_alphas_it_covers() -> None:
    raw = av.VideoFrame(32, 32, "yuv420p")
    for plane, value in zip(raw.planes, (100, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    raw.colorspace, raw.color_range = 5, 1
    frame = wrapped(raw)
    alpha = np.zeros((2, 2), np.uint8)
    alpha[0, 0] = 255
    frame.paste(Box(10, 10, 12, 12), np.full((2, 2, 3), (0, 0, 255), np.uint8), alpha)
    cb = planes(raw)[1]
    # Blue is Cb 240: a quarter of the way from 128.
    assert cb[5, 5] == 156
    cb[5, 5] = 128
    assert (cb[:16, :16] == 128).all()


def test_ten_bits_survive_where_the_crop_cannot_show_them() -> None:
    raw = made("yuv420p10le")
    rng = np.random.default_rng(3)
    luma = np.frombuffer(memoryview(raw.planes[0]), "<u2")
    luma[:] = 400 + rng.integers(0, 64, luma.size)
    before = luma.copy()
    for plane in raw.planes[1:]:  # grey, so that nothing is clipped
        np.frombuffer(memoryview(plane), "<u2")[:] = 512
    frame = wrapped(raw)
    box = everything(frame)
    brighter = np.clip(frame.crop(box).astype(int) + 10, 0, 255).astype(np.uint8)
    frame.paste(box, brighter, np.full((48, 64), 255, np.uint8))
    after = np.frombuffer(memoryview(raw.planes[0]), "<u2")
    change = (after.astype(int) - before).reshape(48, -1)[:, :64]
    # Ten steps of 8 bit RGB are 34.4 steps of limited 10 bit luma; the low bits stay.
    assert np.abs(change - 34.4).max() <= 2.5


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("size", [(64, 48), (61, 47)])
def test_turned_pictures_are_edited_upright(tag: int, size: tuple[int, int]) -> None:
    plain, turned = wrapped(made("yuv444p", size)), wrapped(made("yuv444p", size), tag)
    upright = Orientation(tag).upright(plain.crop(everything(plain)))
    assert turned.size == upright.shape[1::-1]
    assert np.array_equal(turned.crop(everything(turned)), upright)
    box = Box(4, 6, 21, 30)
    assert np.array_equal(turned.crop(box), upright[6:30, 4:21])
    pixels = np.full((24, 17, 3), (150, 110, 90), np.uint8)
    pixels[:4] = (60, 120, 170)
    turned.paste(box, pixels, np.full((24, 17), 255, np.uint8))
    assert np.abs(turned.crop(box).astype(int) - pixels).max() <= 2
    assert turned.thumbnail(32).shape[:2] == (
        round(turned.size[1] * 32 / max(size)),
        round(turned.size[0] * 32 / max(size)),
    )


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "nv12", "bgra", "gray", "gbrp"])
def test_a_thumbnail_is_the_picture_in_small(form: str) -> None:
    raw = made(form, (640, 360))
    frame = wrapped(raw)
    small = frame.thumbnail(80).astype(float)
    assert small.shape == (45, 80, 3)
    means = frame.crop(everything(frame)).reshape(45, 8, 80, 8, 3).mean(axis=(1, 3))
    assert np.abs(small - means).mean() < 4


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "bgra"])
def test_a_thumbnail_of_a_part_shows_that_part(form: str) -> None:
    frame = wrapped(made(form, (640, 360)))
    box = Box(160, 80, 480, 240)
    small = frame.thumbnail(80, box).astype(float)
    assert small.shape == (40, 80, 3)
    means = frame.crop(box).reshape(40, 4, 80, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - means).mean() < 4


def test_a_small_picture_is_not_enlarged() -> None:
    assert wrapped(made("yuv420p")).thumbnail(500).shape == (48, 64, 3)


@pytest.mark.parametrize("form", ["pal8", "yuv420p10be", "rgb565le"])
def test_formats_that_cannot_be_edited_are_converted(form: str) -> None:
    raw = made("rgb24") if form == "pal8" else made(form)
    frame = wrapped(raw)
    box = Box(10, 10, 30, 30)
    frame.paste(box, np.full((20, 20, 3), 128, np.uint8), np.full((20, 20), 255, np.uint8))
    assert np.abs(frame.crop(box).astype(int) - 128).max() <= 2


def test_boxes_outside_the_picture_are_refused() -> None:
    frame = wrapped(made("yuv420p"))
    for box in (Box(0, 0, 65, 10), Box(-1, 0, 10, 10), Box(5, 5, 5, 9)):
        with pytest.raises(ValueError, match="outside"):
            frame.crop(box)


def test_a_paste_does_not_reach_the_decoders_reference(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "clip.mp4")
    with av.open(str(path)) as container:
        untouched = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        for number, raw in enumerate(container.decode(video=0)):
            assert np.array_equal(raw.to_ndarray(format="gray"), untouched[number])
            frame = wrapped(raw)
            box = everything(frame)
            frame.paste(box, np.zeros((96, 128, 3), np.uint8), np.full((96, 128), 255, np.uint8))
