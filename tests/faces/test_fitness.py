"""What is wrong with a photo is said before it disappoints as a source."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from roop.faces.fitness import best, fitness
from roop.faces.mesh.topology import OVAL, RIGHT_EYE
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Mesh, Pixels, Portrait


def codes(pixels: Pixels, mesh: Mesh) -> list[str]:
    return [fault.code for fault in fitness(StoredFrame(pixels), mesh).faults]


def texts(pixels: Pixels, mesh: Mesh) -> list[str]:
    return [fault.text for fault in fitness(StoredFrame(pixels), mesh).faults]


def painted(portrait: Portrait, points: Sequence[int], colour: tuple[int, int, int]) -> Pixels:
    """Return a photo with something flat in front of the face, with a little noise."""
    cover = cv2.convexHull(np.rint(portrait.mesh[list(points), :2]).astype(np.int32))
    pixels = cv2.fillConvexPoly(portrait.pixels.copy(), cover, colour)
    noise = np.random.default_rng(0).normal(0, 3, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


MASK = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 454,
        361, 323, 5)  # fmt: skip
HAND = (205, 2, 425, 361, 397, 152, 172, 132)


@pytest.fixture(params=["woman", "elder"])
def portrait(request: pytest.FixtureRequest, woman: Portrait, elder: Portrait) -> Portrait:
    return woman if request.param == "woman" else elder


def test_a_good_photo_has_none(portrait: Portrait) -> None:
    assert codes(portrait.pixels, portrait.mesh) == []
    assert (
        codes(
            np.ascontiguousarray(np.clip(portrait.pixels * 0.5, 0, 255)).astype(np.uint8),
            portrait.mesh,
        )
        == []
    )


def test_each_fault_is_named(portrait: Portrait) -> None:
    pixels, mesh = portrait.pixels, portrait.mesh
    height = float(np.ptp(mesh[:, 1]))
    grey = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    dark = (pixels * 0.1).astype(np.uint8)
    assert codes(cv2.GaussianBlur(pixels, (0, 0), 0.025 * height), mesh) == ["blurred"]
    assert codes(grey, mesh) == ["colourless"]
    assert codes(dark, mesh) == ["dark"]
    zoom = 50 / height
    small = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    assert codes(small, (mesh * zoom).astype(np.float32)) == ["small"]


@pytest.mark.parametrize(
    ("cover", "colour"),
    [
        (MASK, (225, 225, 230)),
        (MASK, (25, 25, 28)),
        (MASK, (90, 140, 190)),
        (MASK, (205, 160, 135)),
        (HAND, (205, 160, 135)),
        (HAND, (120, 85, 70)),
    ],
)
def test_a_covered_mouth_is_named(
    portrait: Portrait, cover: Sequence[int], colour: tuple[int, int, int]
) -> None:
    (text,) = texts(painted(portrait, cover, colour), portrait.mesh)
    assert text.startswith("the mouth is covered")


def test_hair_is_named_where_it_covers_an_eye_or_the_forehead(portrait: Portrait) -> None:
    over_eye = painted(portrait, (*RIGHT_EYE, 117, 123, 21, 54, 107), (40, 30, 25))
    assert texts(over_eye, portrait.mesh)[0].startswith("an eye is covered")
    fringe = [*OVAL[:6], *OVAL[-5:], 55, 52, 285, 282]
    forehead = texts(painted(portrait, fringe, (40, 30, 25)), portrait.mesh)
    assert forehead[0].startswith("hair covers the forehead")


def test_a_photo_in_one_tone_is_named(portrait: Portrait) -> None:
    grey = cv2.cvtColor(portrait.pixels, cv2.COLOR_RGB2GRAY)[..., None]
    for tone in ((1.0, 0.86, 0.67), (0.7, 0.85, 1.0)):
        toned = np.clip(grey * np.array(tone), 0, 255).astype(np.uint8)
        assert codes(toned, portrait.mesh) == ["colourless"]


def test_the_best_of_several_photos(portrait: Portrait) -> None:
    pixels, mesh = portrait.pixels, portrait.mesh
    height = float(np.ptp(mesh[:, 1]))
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    photos = [
        (half, (mesh * 0.5).astype(np.float32)),
        ((pixels * 0.4).astype(np.uint8), mesh),
        (pixels, mesh),
        (cv2.GaussianBlur(pixels, (0, 0), 0.01 * height), mesh),
        (painted(portrait, MASK, (225, 225, 230)), mesh),
    ]
    judged = [fitness(StoredFrame(photo), where) for photo, where in photos]
    assert best(judged) == 2
    assert all(0 < one.score < 1 for one in judged)


def test_a_face_in_profile_is_named(portrait: Portrait) -> None:
    angle = np.radians(60)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    middle = portrait.mesh.mean(axis=0)
    mesh = ((portrait.mesh - middle) @ turn.T + middle).astype(np.float32)
    assert codes(portrait.pixels, mesh)[:1] == ["profile"]
