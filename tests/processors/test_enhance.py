"""Sharper faces: what the built-in enhancer restores, and what networks are given and give."""

import cv2
import numpy as np
import pytest

from roop.media.frames.stored_frame import StoredFrame
from roop.models.loader import Models
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context
from roop.types import AnalysedFrame, Face, Identity, Pixels, Portrait
from support.swapping import Mask, face_area, pixels_of


def enhanced(
    pixels: Pixels,
    face: Portrait,
    *sources: Portrait,
    models: Models | None = None,
    **options: str | float,
) -> Pixels:
    """Return an image with its one face enhanced."""
    identities = tuple(Identity((source,)) for source in sources)
    processor = installed()["enhance"].create(options, Context(Settings(), identities, models))
    frame = StoredFrame(pixels.copy())
    processor.process([AnalysedFrame(frame, (Face(face.mesh, 1.0, 1),))])
    return pixels_of(frame)


def inner(portrait: Portrait, grow: float = -0.1) -> Mask:
    return face_area(portrait.mesh, portrait.pixels, grow=grow)


def distance(a: Pixels, b: Pixels, area: Mask) -> float:
    return float(np.abs(a.astype(int) - b)[area].mean())


def blurred(portrait: Portrait, sigma: float) -> Pixels:
    result: Pixels = cv2.GaussianBlur(portrait.pixels, (0, 0), sigma)
    return result


def test_a_blurred_face_comes_nearer_to_its_sharp_photo(woman: Portrait, elder: Portrait) -> None:
    for portrait in (woman, elder):
        soft = blurred(portrait, 1.5)
        sharp = enhanced(soft, portrait, portrait, enhance_blend=1)
        area = inner(portrait)
        assert distance(sharp, portrait.pixels, area) < 0.92 * distance(soft, portrait.pixels, area)


def test_it_works_without_a_source_photo(woman: Portrait) -> None:
    soft = blurred(woman, 1.5)
    area = inner(woman)
    assert distance(enhanced(soft, woman), woman.pixels, area) < distance(soft, woman.pixels, area)


def test_a_sharp_face_stays_as_it_is(woman: Portrait) -> None:
    assert distance(enhanced(woman.pixels, woman, woman), woman.pixels, inner(woman)) < 2


def test_nothing_beside_the_face_changes(woman: Portrait) -> None:
    soft = blurred(woman, 1.5)
    changed = (enhanced(soft, woman, woman) != soft).any(axis=2)
    assert changed[inner(woman)].mean() > 0.5
    assert not changed[~inner(woman, 0.03)].any()


def test_noise_is_not_taken_for_detail(woman: Portrait) -> None:
    clean = blurred(woman, 2)
    noise = np.random.default_rng(0).normal(0, 6, clean.shape[:2])[..., None]
    noisy = np.rint(clean + noise).clip(0, 255).astype(np.uint8)
    result, area = enhanced(noisy, woman, woman), inner(woman)
    x, y = (int(v) for v in woman.mesh[50, :2])  # the cheek: plain skin
    skin = np.s_[y - 8 : y + 8, x - 8 : x + 8]
    grain_before, grain = ((p.astype(float) - clean)[skin].std() for p in (noisy, result))
    assert grain < grain_before
    assert distance(result, woman.pixels, area) < distance(noisy, woman.pixels, area)


def test_blend_says_how_much_is_shown(models: Models, woman: Portrait) -> None:
    soft, area = blurred(woman, 1.5), inner(woman, -0.2)
    for enhancer in ("detail", "gfpgan"):
        none, half, full = (
            distance(
                enhanced(soft, woman, woman, models=models, enhance=enhancer, enhance_blend=blend),
                soft,
                area,
            )
            for blend in (0, 0.5, 1)
        )
        assert none == 0
        assert half == pytest.approx(full / 2, rel=0.15)


@pytest.mark.parametrize("name", ["gfpgan", "gpen", "gpen_bfr_512", "restoreformer"])
def test_a_network_s_output_replaces_the_face(name: str, models: Models, woman: Portrait) -> None:
    """The stand-in shows the negative."""
    result = enhanced(woman.pixels, woman, models=models, enhance=name, enhance_blend=1)
    assert distance(result, 255 - woman.pixels, inner(woman)) < 4
    changed = (result != woman.pixels).any(axis=2)
    assert not changed[~inner(woman, 0.03)].any()


def test_codeformer_gets_the_fidelity(models: Models, woman: Portrait) -> None:
    """The stand-in shows that much of the contrast."""
    near, grey = (
        enhanced(
            woman.pixels,
            woman,
            models=models,
            enhance="codeformer",
            enhance_fidelity=fidelity,
            enhance_blend=1,
        )
        for fidelity in (1, 0)
    )
    assert distance(near, woman.pixels, inner(woman)) < 4
    assert distance(grey, np.full_like(grey, 128), inner(woman)) < 1


def test_each_frame_builds_on_the_ones_before(woman: Portrait) -> None:
    """One blurred frame in a video does not make the face jump in strength."""
    processor = installed()["enhance"].create({}, Context(Settings(), (Identity((woman,)),)))
    soft, softer, area = blurred(woman, 1.5), blurred(woman, 3), inner(woman)
    results = []
    for number, pixels in enumerate((*[soft] * 6, softer, soft)):
        frame = StoredFrame(pixels.copy())
        processor.process([AnalysedFrame(frame, (Face(woman.mesh, 1.0, 1, fresh=number == 0),))])
        results.append(pixels_of(frame))
    steady = distance(results[-1], results[1], area)
    assert steady < 0.2 * distance(results[1], soft, area)
    processor.reset()
    frame = StoredFrame(soft.copy())
    processor.process([AnalysedFrame(frame, (Face(woman.mesh, 1.0, 1, fresh=False),))])
    assert np.array_equal(pixels_of(frame), results[0])


def test_where_a_video_is_entered_does_not_show(woman: Portrait) -> None:
    """A segment works on eight frames before its own: all of a face's memory."""
    context = Context(Settings(), (Identity((woman,)),))
    sharpness = [1.0 + 0.2 * ((7 * number) % 5) for number in range(14)]

    def shown(begin: int) -> Pixels:
        processor = installed()["enhance"].create({}, context)
        for number, sigma in enumerate(sharpness[begin:]):
            frame = StoredFrame(blurred(woman, sigma))
            processor.process(
                [AnalysedFrame(frame, (Face(woman.mesh, 1.0, 1, fresh=number == 0),))]
            )
        return pixels_of(frame)

    assert np.array_equal(shown(0), shown(len(sharpness) - 9))
    assert not np.array_equal(shown(0), shown(len(sharpness) - 1))
