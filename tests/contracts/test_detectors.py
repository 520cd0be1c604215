"""What every face detector promises; SCRFD and YuNet run on networks that find two portraits."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from roop.faces.detection.anchor_detector import AnchorDetector
from roop.faces.detection.base import Detection, Detector
from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.models.catalogue import load_catalogue
from roop.models.networks import face_detector
from roop.models.opening import open_session
from roop.options import Settings
from roop.types import Pixels
from support.face_matchers import SEEN_EYES, write_face_matcher
from support.heads import (
    ASTRONAUT,
    EYES,
    HEAD,
    HOPPER_EYES,
    HOPPER_HEAD,
    Placed,
    astronaut,
    backdrop,
    hopper,
    placed,
)

CPU = Settings(execution_provider=("cpu",), execution_threads=1)


@pytest.fixture(scope="module", params=["blazeface", "scrfd_10g", "scrfd_500m", "yunet"])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Detector:
    if request.param == "blazeface":
        return BlazeFaceDetector(face_detector(Settings()))
    model = load_catalogue()[request.param]
    path: Path = tmp_path_factory.mktemp("detector") / model.filename
    write_face_matcher(path, model)
    return AnchorDetector(open_session(path, model, CPU, pytest.fail))


def woman(canvas: Pixels, at: tuple[float, float], *, eyes: float = SEEN_EYES) -> Placed:
    """Return the astronaut's head on a canvas, so many pixels between the outer eye corners."""
    photo, middle = astronaut()[20:200, 130:315], (HEAD[0] - 130, HEAD[1] - 20)
    return placed(photo, canvas, at, middle=middle, scale=eyes / EYES)


def officer(canvas: Pixels, at: tuple[float, float], *, eyes: float = SEEN_EYES) -> Placed:
    """Return the officer's head likewise."""
    photo, middle = hopper()[20:360, 120:420], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20)
    return placed(photo, canvas, at, middle=middle, scale=eyes / HOPPER_EYES)


def middle(detection: Detection) -> NDArray[np.float64]:
    result: NDArray[np.float64] = detection.box.reshape(2, 2).mean(axis=0)
    return result


def check(detection: Detection, at: tuple[float, float], eyes: float) -> None:
    """Assert that a detection lies on a face, in pixels of the image."""
    x0, y0, x1, y1 = detection.box
    assert np.abs(middle(detection) - at).max() < 0.4 * eyes
    assert 1.1 * eyes < x1 - x0 < 2.5 * eyes
    assert 1.1 * eyes < y1 - y0 < 2.8 * eyes
    right, left, nose = detection.keypoints[:3]
    assert 0.4 * eyes < left[0] - right[0] < 1.1 * eyes
    assert max(right[1], left[1]) < nose[1]
    for x, y in (right, left, nose):
        assert x0 < x < x1
        assert y0 < y < y1
    assert 0.5 <= detection.score <= 1


CANVASES = {
    "wide": ((640, 360), (408, 184), 1.0),
    "upright": ((360, 640), (170, 420), 1.0),
    "large": ((1280, 960), (520, 500), 2.0),
    "small": ((320, 320), (190, 140), 0.5),
}
"""Size of an image, where a face is in it, and its size as a multiple of ``SEEN_EYES``."""


@pytest.mark.parametrize("person", [woman, officer], ids=["woman", "officer"])
@pytest.mark.parametrize("canvas", CANVASES)
def test_a_face_is_found_where_it_is(detector: Detector, person: object, canvas: str) -> None:
    size, at, scale = CANVASES[canvas]
    eyes = scale * SEEN_EYES
    image = person(backdrop(size), at, eyes=eyes).pixels
    (found,) = detector.detect(image)
    check(found, at, eyes)


def test_the_eyes_are_found_where_they_are(detector: Detector) -> None:
    head = placed(astronaut(), backdrop((640, 480)), (300, 250), scale=SEEN_EYES / EYES)
    (found,) = detector.detect(head.pixels)
    marks = dict(zip(ASTRONAUT, head.points(ASTRONAUT), strict=True))
    eyes = (marks[33] + marks[133]) / 2, (marks[362] + marks[263]) / 2
    assert np.abs(found.keypoints[:2] - np.array(eyes)).max() < 0.2 * SEEN_EYES


def test_several_faces_come_best_first(detector: Detector) -> None:
    positions = (150.0, 200.0), (470.0, 260.0)
    image = officer(woman(backdrop((640, 480)), positions[0]).pixels, positions[1]).pixels
    found = detector.detect(image)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for at, one in zip(positions, sorted(found, key=lambda d: d.box[0]), strict=True):
        check(one, at, SEEN_EYES)


LANDSCAPES = {
    "wall": lambda: backdrop((640, 480)),
    "black": lambda: np.zeros((360, 640, 3), np.uint8),
    "rocket": data.rocket,
    "galaxies": data.hubble_deep_field,
    "coffee": data.coffee,
}


@pytest.mark.parametrize("name", LANDSCAPES)
def test_there_is_no_face_in_a_landscape(detector: Detector, name: str) -> None:
    assert detector.detect(LANDSCAPES[name]()) == []


def test_tiles_add_small_faces_and_lose_none(detector: Detector) -> None:
    image = woman(backdrop((640, 480)), (300, 250)).pixels
    (one,) = detector.detect(image)
    tiled = detector.detect_tiled(image)
    assert any(np.abs(middle(other) - middle(one)).max() < 0.3 * SEEN_EYES for other in tiled)
    assert [d.score for d in tiled] == sorted((d.score for d in tiled), reverse=True)


def test_rounds_of_tiles_find_faces_in_pixels_of_the_image(detector: Detector) -> None:
    at, eyes = (500.0, 330.0), 0.25 * SEEN_EYES
    image = woman(backdrop((640, 480)), at, eyes=eyes).pixels
    rounds = [detector.detect_some_tiles(image, number) for number in range(10)]
    found = [*detector.detect(image), *(one for each in rounds for one in each)]
    assert all(np.abs(middle(one) - at).max() < eyes for one in found)


def test_the_same_image_gives_the_same_faces(detector: Detector) -> None:
    image = officer(woman(backdrop((640, 480)), (150, 200)).pixels, (470, 260)).pixels
    before = image.copy()
    once, again = detector.detect(image), detector.detect(image)
    assert np.array_equal(image, before)
    assert len(once) == len(again) == 2
    for one, two in zip(once, again, strict=True):
        assert np.array_equal(one.box, two.box)
        assert np.array_equal(one.keypoints, two.keypoints)
        assert one.score == two.score


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (16, 16)])
def test_an_image_may_have_any_size(detector: Detector, size: tuple[int, int]) -> None:
    image: Pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    assert detector.detect(image) == detector.detect_tiled(image) == []
    assert detector.detect_some_tiles(image, 0) == []


def test_a_face_s_square_holds_its_features(detector: Detector) -> None:
    """The mesh is fitted in it."""
    head = placed(astronaut(), backdrop((640, 480)), (300, 250), scale=SEEN_EYES / EYES)
    square = detector.detect(head.pixels)[0].square()
    off = np.abs(head.points(ASTRONAUT) - (square.cx, square.cy))
    assert off.max() < square.side / 2
    assert square.side < 4.5 * SEEN_EYES
