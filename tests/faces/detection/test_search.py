"""Every face of an image is found once, wherever it is, and nothing else."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from roop.faces.detection.base import Detection
from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.detection.search import find_faces, fit_faces
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


ANGLES = range(0, 360, 15)


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


@pytest.mark.parametrize("margin", [0.05, 0.15])
def test_a_face_larger_than_the_picture(find: Find, margin: float) -> None:
    head = placed(astronaut(), backdrop((800, 800)), (400, 400), scale=3.0)
    (whole,) = find(head.pixels)
    left, right = whole.mesh[[234, 454], 0]
    cut = margin * (right - left)
    top, bottom = whole.mesh[70, 1], whole.mesh[17, 1]  # a brow and the lower lip
    x0, y0, x1, y1 = round(left + cut), round(top), round(right - cut), round(bottom)
    (found,) = find(head.pixels[y0:y1, x0:x1])
    off = found.mesh[list(ASTRONAUT), :2] + (x0, y0) - whole.mesh[list(ASTRONAUT), :2]
    inside = [i for i, mark in enumerate(ASTRONAUT) if mark != 152]  # the chin is not in sight
    assert np.linalg.norm(off[inside], axis=1).max() < 0.1 * 3.0 * EYES


def group(heads: Sequence[tuple[float, float]], scale: float, size: tuple[int, int]) -> Pixels:
    """Draw people with the middles of their faces at ``heads``, two photos in turn."""
    canvas = backdrop(size)
    face, officer = astronaut()[:190, 130:320], hopper()[20:360, 120:420]
    for i, head in enumerate(heads):
        photo, middle, zoom = (
            (face, (HEAD[0] - 130, HEAD[1]), (1 + 0.1 * (i % 4)) * scale)
            if i % 2 == 0
            else (officer, (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20), 0.5 * scale)
        )
        canvas = placed(photo, canvas, head, middle=middle, scale=zoom).pixels
    return canvas


def expect_at(found: list[FittedMesh], heads: Sequence[tuple[float, float]], limit: float) -> None:
    """Assert that each face is there once, and nothing else."""
    middles = [fitted.mesh[:, :2].mean(axis=0) for fitted in found]
    nearest = {
        min(range(len(heads)), key=lambda i, at=at: float(np.linalg.norm(at - heads[i])))
        for at in middles
    }
    assert len(found) == len(heads) == len(nearest)
    for middle in middles:
        assert min(np.abs(middle - head).max() for head in heads) < limit


@pytest.mark.parametrize("quarters", range(4))
def test_a_group_is_found_each_person_once(find: Find, quarters: int) -> None:
    heads = [(150.0, 160.0), (480.0, 130.0), (800.0, 220.0), (1120.0, 180.0), (640.0, 600.0)]
    picture = np.ascontiguousarray(np.rot90(group(heads, 1.0, (1280, 720)), quarters))
    width, height = 1280, 720
    for _ in range(quarters):
        heads = [(y, width - x) for x, y in heads]
        width, height = height, width
    expect_at(find(picture), heads, 25)


def test_small_faces_beside_a_large_one(find: Find) -> None:
    heads = [(1420.0 + 140 * (i % 3), 200.0 + 200 * (i // 3)) for i in range(6)]
    picture = group(heads, 0.5, (1800, 1300))
    face, middle = astronaut()[:190, 130:320], (HEAD[0] - 130, HEAD[1])
    picture = placed(face, picture, (620, 620), middle=middle, scale=5.0).pixels
    expect_at(find(picture), [(620.0, 620.0), *heads], 110)


@pytest.mark.parametrize("size", [(1000, 700), (700, 1000)])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_people_who_lie_beside_people_who_stand(
    find: Find, size: tuple[int, int], quarters: int
) -> None:
    width, height = size
    heads = [(180.0, 200.0), (width - 180.0, 230.0)]
    picture = group(heads, 1.0, size)
    turned = np.ascontiguousarray(np.rot90(picture, quarters))
    for _ in range(quarters):
        heads = [(y, width - x) for x, y in heads]
        width, height = height, width
    canvas = np.full((size[1] + height, max(size[0], width), 3), 128, np.uint8)
    canvas[: size[1], : size[0]] = picture
    canvas[size[1] :, :width] = turned
    standing = [(180.0, 200.0), (size[0] - 180.0, 230.0)]
    expect_at(find(canvas), [*standing, *((x, y + size[1]) for x, y in heads)], 30)


@pytest.mark.parametrize("degrees", [0, 75, 180, 240])
def test_people_in_the_dark(find: Find, degrees: float) -> None:
    heads = [(240.0, 240.0), (480.0, 240.0), (360.0, 460.0)]
    picture = group(heads, 0.8, (720, 720))
    matrix = cv2.getRotationMatrix2D((360, 360), degrees, 1.0)
    turned = cv2.warpAffine(picture, matrix, (720, 720), borderMode=cv2.BORDER_REFLECT)
    grain = np.random.default_rng(1).normal(0, 1, turned.shape)
    dark = np.clip(turned * 0.08 + grain, 0, 255).astype(np.uint8)
    expected = [tuple(matrix @ (*head, 1)) for head in heads]
    expect_at(find(dark), expected, 25)


@pytest.mark.slow
def test_a_crowd_in_a_large_photo(find: Find) -> None:
    heads = [(200.0 + 400 * (i % 8), 180.0 + 360 * (i // 8)) for i in range(32)]
    picture = group(heads, 0.55, (3400, 1500))  # 11 pixels from eyes to chin in a thumbnail
    expect_at(find(picture), heads, 15)
    lying = np.ascontiguousarray(np.rot90(picture))
    expect_at(find(lying), [(y, 3400 - x) for x, y in heads], 15)
    expect_at(find(picture[:, ::-1]), [(3400 - x, y) for x, y in heads], 15)


@pytest.mark.parametrize("degrees", range(0, 360, 45))
def test_a_mesh_beside_a_face_is_not_believed(
    detector: BlazeFaceDetector, mesher: FaceMesher, degrees: float
) -> None:
    head = placed(astronaut(), backdrop((640, 640)), (320, 320))
    (right,) = detector.detect(head.pixels)
    width = float(right.box[2] - right.box[0])
    turn = np.radians(degrees)
    for share in (0.5, 0.8):
        shift = share * width * np.array([np.cos(turn), np.sin(turn)], np.float32)
        wrong = Detection(right.box + np.tile(shift, 2), right.keypoints + shift, 0.9)
        for fitted in fit_faces(frame(head.pixels), detector, mesher, [wrong]):
            assert miss(fitted, head, ASTRONAUT, EYES) < 0.25


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
