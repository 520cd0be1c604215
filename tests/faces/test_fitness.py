"""What is wrong with a photo is said before it disappoints as a source."""

import cv2
import numpy as np
import pytest

from roop.faces.fitness import faults
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Mesh, Pixels, Portrait


def codes(pixels: Pixels, mesh: Mesh) -> list[str]:
    return [fault.code for fault in faults(StoredFrame(pixels), mesh)]


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


def test_a_face_in_profile_is_named(portrait: Portrait) -> None:
    angle = np.radians(60)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    middle = portrait.mesh.mean(axis=0)
    mesh = ((portrait.mesh - middle) @ turn.T + middle).astype(np.float32)
    assert codes(portrait.pixels, mesh)[:1] == ["profile"]
