from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from roop.types import Box
from support.targets import TARGETS, opened

FACE = Box(40, 20, 80, 76)


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return TARGETS[request.param](tmp_path)


def test_info_describes_the_frames_that_follow(target: Path) -> None:
    with opened(target) as reader:
        info, frames = reader.info, [(f.size, f.pts, f.time_base) for f in reader]
        assert reader.damaged == 0
    assert info.path == target
    assert {size for size, _, _ in frames} == {info.size}
    assert info.frames is None or info.frames == len(frames)
    assert (info.fps is None) == (info.duration_s is None) == (info.kind == "image")


def test_times_increase(target: Path) -> None:
    with opened(target) as reader:
        times = [frame.pts * frame.time_base for frame in reader]
    assert all(later > earlier for earlier, later in pairwise(times))


def test_a_thumbnail_is_small_rgb_of_the_same_shape(target: Path) -> None:
    with opened(target) as reader:
        frame = next(iter(reader))
        width, height = frame.size
        for side in (16, 64, 5000):
            small = frame.thumbnail(side)
            assert small.dtype == np.uint8
            assert max(small.shape[:2]) <= min(side, max(frame.size))
            assert abs(small.shape[1] / small.shape[0] - width / height) < 0.15
            whole = frame.crop(Box(0, 0, width, height)).reshape(-1, 3).mean(axis=0)
            assert np.abs(small.reshape(-1, 3).mean(axis=0) - whole).max() < 4


def test_a_crop_is_a_copy_of_its_part_of_the_frame(target: Path) -> None:
    with opened(target) as reader:
        frame = next(iter(reader))
        whole = frame.crop(Box(0, 0, *frame.size))
        part = frame.crop(FACE)
        assert part.shape == (FACE.height, FACE.width, 3)
        assert part.dtype == np.uint8
        assert np.array_equal(part, whole[FACE.y0 : FACE.y1, FACE.x0 : FACE.x1])
        part[:] = 0
        assert np.array_equal(frame.crop(Box(0, 0, *frame.size)), whole)


def test_a_transparent_paste_changes_nothing(target: Path) -> None:
    with opened(target) as reader:
        frame = next(iter(reader))
        before = frame.crop(Box(0, 0, *frame.size))
        pixels = np.full((FACE.height, FACE.width, 3), 255, np.uint8)
        frame.paste(FACE, pixels, np.zeros(pixels.shape[:2], np.uint8))
        assert np.array_equal(frame.crop(Box(0, 0, *frame.size)), before)


def test_a_paste_changes_its_box_and_nothing_else(target: Path) -> None:
    with opened(target) as reader:
        frame = next(iter(reader))
        before = frame.crop(Box(0, 0, *frame.size))
        pixels = np.full((FACE.height, FACE.width, 3), (100, 100, 100), np.uint8)
        frame.paste(FACE, pixels, np.full(pixels.shape[:2], 255, np.uint8))
        after = frame.crop(Box(0, 0, *frame.size))
    away = np.ones(after.shape[:2], np.bool_)
    # Two pixels around it may share a colour sample with one inside, or be blended with it.
    away[FACE.y0 - 2 : FACE.y1 + 2, FACE.x0 - 2 : FACE.x1 + 2] = False
    assert np.array_equal(after[away], before[away])
    inside = after[FACE.y0 + 2 : FACE.y1 - 2, FACE.x0 + 2 : FACE.x1 - 2]
    assert np.abs(inside.astype(int) - 100).max() <= 3


def test_a_half_transparent_paste_blends_evenly(target: Path) -> None:
    with opened(target) as reader:
        frame = next(iter(reader))
        before = frame.crop(FACE).astype(float)
        pixels = np.full((FACE.height, FACE.width, 3), (100, 100, 100), np.uint8)
        frame.paste(FACE, pixels, np.full(pixels.shape[:2], 128, np.uint8))
        after = frame.crop(FACE)
    middle = (before.mean(axis=(0, 1)) * 127 + 100 * 128) / 255
    assert np.abs(after.mean(axis=(0, 1)) - middle).max() < 4
