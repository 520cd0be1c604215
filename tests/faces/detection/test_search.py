"""Every face of an image is found once, wherever it is, and nothing else."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.detection.search import find_faces
from roop.faces.mesh.mesher import FaceMesher, FittedMesh
from roop.types import Pixels
from support.heads import (
    ASTRONAUT,
    EYE_TO_CHIN,
    EYES,
    HEAD,
    HOPPER,
    HOPPER_EYES,
    HOPPER_HEAD,
    Placed,
    astronaut,
    backdrop,
    frame,
    hopper,
    placed,
)

Find = Callable[[Pixels], list[FittedMesh]]


@pytest.fixture
def find(detector: BlazeFaceDetector, mesher: FaceMesher) -> Find:
    return lambda pixels: find_faces(frame(pixels), detector, mesher)


def miss(
    fitted: FittedMesh, head: Placed, marks: dict[int, tuple[float, float]], unit: float
) -> float:
    """Return how far the worst mark is from where a person sees it, in eye distances."""
    off = fitted.mesh[list(marks), :2] - head.points(marks)
    zoom = float(np.sqrt(abs(np.linalg.det(head.matrix[:, :2]))))
    return float(np.linalg.norm(off, axis=1).max()) / (unit * zoom)


ANGLES = [0, 30, -30, 60, 90, -60, 180, 270]


@pytest.mark.parametrize("degrees", ANGLES)
def test_a_head_at_any_angle(find: Find, degrees: float) -> None:
    head = placed(astronaut(), backdrop((640, 640)), (320, 320), scale=1.2, degrees=degrees)
    found = find(head.pixels)
    assert len(found) == 1
    assert miss(found[0], head, ASTRONAUT, EYES) < 0.08


@pytest.mark.parametrize("degrees", ANGLES)
def test_a_head_with_glasses_and_a_cap_at_any_angle(find: Find, degrees: float) -> None:
    canvas = backdrop((640, 640))
    head = placed(hopper(), canvas, (320, 320), middle=HOPPER_HEAD, scale=0.8, degrees=degrees)
    found = find(head.pixels)
    assert len(found) == 1
    assert miss(found[0], head, HOPPER, HOPPER_EYES) < 0.08


@pytest.mark.parametrize(
    "at", [(200, 200), (960, 540), (1700, 900), (1000, 150), (300, 950), (1850, 90), (703, 391)]
)
def test_a_head_of_40_pixels_from_eyes_to_chin_in_full_hd(
    find: Find, at: tuple[float, float]
) -> None:
    head = placed(astronaut(), backdrop((1920, 1080)), at, scale=40 / EYE_TO_CHIN)
    found = find(head.pixels)
    assert len(found) == 1
    assert miss(found[0], head, ASTRONAUT, EYES) < 0.1


@pytest.mark.parametrize("scale", [2.0, 4.0, 6.0])
def test_a_head_that_fills_the_frame(find: Find, scale: float) -> None:
    side = round(200 * scale)
    head = placed(astronaut(), backdrop((side, side)), (side / 2, side / 2), scale=scale)
    found = find(head.pixels)
    assert len(found) == 1
    assert miss(found[0], head, ASTRONAUT, EYES) < 0.08


def test_a_group_is_found_each_person_once(find: Find) -> None:
    canvas = backdrop((1280, 720))
    heads = []
    face, officer = astronaut()[:190, 130:320], hopper()[20:360, 120:420]
    for i, (x, y) in enumerate([(150, 160), (480, 130), (800, 220), (1120, 180)]):
        photo, middle, scale = (
            (face, (HEAD[0] - 130, HEAD[1]), 1.0 + 0.2 * i)
            if i % 2 == 0
            else (officer, (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20), 0.5 + 0.1 * i)
        )
        canvas = placed(photo, canvas, (x, y), middle=middle, scale=scale).pixels
        heads.append((x, y))
    small = placed(face, canvas, (640, 600), middle=(HEAD[0] - 130, HEAD[1]), scale=0.5)
    heads.append((640, 600))
    found = find(small.pixels)
    middles = sorted(tuple(fitted.mesh[:, :2].mean(axis=0)) for fitted in found)
    assert len(found) == len(heads)
    for middle, head in zip(middles, sorted(heads), strict=True):
        assert np.abs(np.array(middle) - head).max() < 25


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (360, 640, 3), dtype=np.uint8)


def gradient() -> NDArray[np.uint8]:
    ramp = np.linspace(0, 255, 640, dtype=np.uint8)
    return np.repeat(np.tile(ramp, (360, 1))[..., None], 3, axis=2)


def grey(name: str) -> Callable[[], NDArray[np.uint8]]:
    return lambda: cv2.cvtColor(getattr(data, name)(), cv2.COLOR_GRAY2RGB)


FACELESS: dict[str, Callable[[], NDArray[np.uint8]]] = {
    "black": lambda: np.zeros((360, 640, 3), np.uint8),
    "noise": noise,
    "gradient": gradient,
    "soft spots": lambda: backdrop((1280, 720)),
    "coffee": data.coffee,
    "cat": data.chelsea,
    "rocket": data.rocket,
    "galaxies": data.hubble_deep_field,
    "tissue": data.immunohistochemistry,
    "brick": grey("brick"),
    "gravel": grey("gravel"),
    "grass": grey("grass"),
    "coins": grey("coins"),
    "moon": grey("moon"),
    "text": grey("text"),
    "clock": grey("clock"),
}
"""Images without a human face."""


@pytest.mark.parametrize("name", FACELESS)
def test_nothing_is_found_where_there_is_no_face(find: Find, name: str) -> None:
    assert find(FACELESS[name]()) == []
