"""Cutting faces out and pasting them back, held against the code of insightface."""

import cv2
import numpy as np
import pytest
from insightface.utils import face_align

from roop.errors import ModelError
from roop.faces.cutout import make_cutout
from roop.faces.mesh.topology import five_points
from roop.geometry import TEMPLATES, align, transform
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Portrait
from support.heads import astronaut, hopper
from support.swapping import pixels_of

# insightface calls a method that scikit-image is about to drop
pytestmark = pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")


@pytest.mark.parametrize(("template", "side"), [("arcface_112_v2", 112), ("arcface_128", 128)])
def test_an_aligned_crop_is_that_of_insightface(
    template: str, side: int, woman: Portrait, elder: Portrait
) -> None:
    for portrait in (woman, elder):
        frame = StoredFrame(portrait.pixels.copy())
        found = make_cutout(portrait.mesh, frame.size, template=template, side=side)
        assert found is not None
        theirs, _ = face_align.norm_crop2(portrait.pixels, five_points(portrait.mesh), side)
        assert np.abs(found.cut(frame).astype(int) - theirs).mean() < 0.1


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_points_of_a_face_come_to_lie_on_the_template(template: str, woman: Portrait) -> None:
    points = five_points(woman.mesh)
    moved = transform(align(points, template, 256), points) / 256
    assert np.abs(moved - np.array(TEMPLATES[template])).max() < 0.06


def test_an_unknown_template_is_named_with_the_known_ones(woman: Portrait) -> None:
    with pytest.raises(ModelError, match="arcface_113") as caught:
        align(five_points(woman.mesh), "arcface_113", 112)
    assert "arcface_112_v2" in (caught.value.hint or "")


def test_what_was_cut_is_pasted_back_where_it_was(woman: Portrait) -> None:
    frame = StoredFrame(astronaut().copy())
    found = make_cutout(woman.mesh, frame.size, template="arcface_128", side=512)
    assert found is not None
    found.paste(frame, found.cut(frame), np.ones((512, 512), np.float32))
    difference = np.abs(pixels_of(frame).astype(int) - astronaut())
    assert difference.mean() < 0.1
    assert np.percentile(difference, 99.9) < 10


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_a_crop_is_enlarged_as_smoothly_as_by_a_cubic_warp(woman: Portrait, side: int) -> None:
    mesh, size = 4 * woman.mesh, (2048, 2048)
    found = make_cutout(mesh, size, template="arcface_128", side=side)
    assert found is not None
    crop = cv2.resize(astronaut()[20:276, 100:356], (side, side), interpolation=cv2.INTER_AREA)
    frame = StoredFrame(np.zeros((*size, 3), np.uint8))
    found.paste(frame, crop, np.ones((side, side), np.float32))
    plain = cv2.warpAffine(
        crop, cv2.invertAffineTransform(found.to_crop), size, flags=cv2.INTER_CUBIC
    )
    inside = cv2.erode((pixels_of(frame) > 0).any(axis=2).astype(np.uint8), np.ones((41, 41))) > 0
    off = np.abs(pixels_of(frame)[inside].astype(int) - plain[inside])
    assert inside.sum() > 200_000
    assert off.mean() < 0.6
    assert np.percentile(off, 99.9) < 10


def test_nothing_changes_where_the_mask_is_empty(woman: Portrait) -> None:
    frame = StoredFrame(astronaut().copy())
    found = make_cutout(woman.mesh, frame.size, template="arcface_128", side=128)
    assert found is not None
    mask = np.zeros((128, 128), np.float32)
    found.paste(frame, np.zeros((128, 128, 3), np.uint8), mask)
    assert np.array_equal(pixels_of(frame), astronaut())
    mask[:, 64:] = 1
    found.paste(frame, np.zeros((128, 128, 3), np.uint8), mask)
    changed = (pixels_of(frame) != astronaut()).any(axis=2)
    x, y = np.flip(np.argwhere(changed), axis=1).T
    assert transform(found.to_crop, np.stack([x, y], axis=1).astype(np.float32))[:, 0].min() > 62


def test_half_opacity_shows_half(woman: Portrait) -> None:
    frame = StoredFrame(astronaut().copy())
    found = make_cutout(woman.mesh, frame.size, template="arcface_128", side=128)
    assert found is not None
    white = np.full((128, 128, 3), 255, np.uint8)
    found.paste(frame, white, np.ones((128, 128), np.float32), opacity=0.5)
    x, y = (int(v) for v in woman.mesh[4, :2])
    assert np.abs(pixels_of(frame)[y, x] - (astronaut()[y, x] / 2 + 127.5)).max() < 2


def test_a_large_face_is_cut_without_moire() -> None:
    """A crop eight times as small as the face shows the mean of what is there."""
    stripes = np.zeros((2000, 2000, 3), np.uint8)
    stripes[::2] = 200
    mesh = np.zeros((468, 3), np.float32)
    angle = np.linspace(0, 2 * np.pi, 468, dtype=np.float32)
    mesh[:, 0], mesh[:, 1] = 1000 + 300 * np.cos(angle), 1000 + 300 * np.sin(angle)
    mesh[[4, 61, 291], :2] = [[1000, 1050], [900, 1200], [1100, 1200]]
    found = make_cutout(mesh, (2000, 2000), template="arcface_112_v2", side=48)
    assert found is not None
    crop = found.cut(StoredFrame(stripes))
    assert np.abs(crop.astype(int) - 100).max() < 6


def test_a_face_outside_the_frame_has_no_cutout(elder: Portrait) -> None:
    beyond = elder.mesh + np.array([5000, 0, 0], np.float32)
    size = hopper().shape[1], hopper().shape[0]
    assert make_cutout(beyond, size, template="ffhq_512", side=512) is None
