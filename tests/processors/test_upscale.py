"""Whole frames enlarged by a network, here a stand-in that interpolates."""

import cv2
import numpy as np
import pytest

from roop.media.frames.stored_frame import StoredFrame
from roop.models.loader import Models
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context, Processor
from roop.types import AnalysedFrame, Face, Portrait
from support.swapping import pixels_of


def upscaler(models: Models, factor: int) -> Processor:
    return installed()["upscale"].create({"upscale": factor}, Context(Settings(), models=models))


@pytest.mark.parametrize("factor", [2, 4])
def test_the_frame_is_larger_and_shows_the_same(
    factor: int, models: Models, woman: Portrait
) -> None:
    small = np.ascontiguousarray(woman.pixels[:301, :413])  # no multiple of a tile
    frame = StoredFrame(small.copy())
    upscaler(models, factor).process([AnalysedFrame(frame)])
    size = small.shape[1] * factor, small.shape[0] * factor
    assert frame.size == size
    expected = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    difference = np.abs(pixels_of(frame).astype(int) - expected)
    assert difference.mean() < 1
    assert np.percentile(difference, 99.9) < 12


def test_no_seams_show_between_tiles(models: Models) -> None:
    ramp = np.tile(np.linspace(0, 255, 500, dtype=np.float32), (500, 1))
    frame = StoredFrame(np.repeat(np.rint(ramp).astype(np.uint8)[..., None], 3, axis=2))
    upscaler(models, 2).process([AnalysedFrame(frame)])
    steps = np.abs(np.diff(pixels_of(frame)[..., 0].astype(int), axis=1))
    assert steps.max() <= 1
    assert np.abs(np.diff(pixels_of(frame)[..., 0].astype(int), axis=0)).max() <= 1


def test_faces_stay_in_place(models: Models, woman: Portrait) -> None:
    frame = StoredFrame(woman.pixels.copy())
    (analysed,) = upscaler(models, 2).process([AnalysedFrame(frame, (Face(woman.mesh, 1.0, 7),))])
    (face,) = analysed.faces
    assert face.track == 7
    x, y = (int(v) for v in woman.mesh[4, :2])
    nose = cv2.resize(woman.pixels[y - 8 : y + 8, x - 8 : x + 8], None, fx=2, fy=2)
    x, y = (round(float(v)) for v in face.mesh[4, :2] - 0.5)
    there = pixels_of(frame)[y - 16 : y + 16, x - 16 : x + 16]
    assert np.abs(there.astype(int) - nose)[4:-4, 4:-4].mean() < 8


def test_frames_of_any_kind_grow(models: Models) -> None:
    deep = np.zeros((40, 60, 4), np.uint16)
    deep[..., 3] = 40_000
    frame = StoredFrame(deep)
    upscaler(models, 2).process([AnalysedFrame(frame)])
    assert frame.samples.shape == (80, 120, 4)
    assert frame.samples.dtype == np.uint16
    assert (frame.samples[..., 3] == 40_000).all()
