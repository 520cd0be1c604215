"""The detector's box and key points against what a person sees, and its own geometry."""

import numpy as np
import pytest

from roop.faces.detection.base import intersection_over_union
from roop.faces.detection.blazeface import BlazeFaceDetector, large_tiles, tiles
from roop.models.networks import Network, face_detector
from roop.options import Settings
from roop.types import Pixels
from support.heads import ASTRONAUT, EYE_TO_CHIN, EYES, astronaut, backdrop, placed


def test_its_points_lie_on_eyes_nose_and_mouth(detector: BlazeFaceDetector) -> None:
    best = detector.detect(astronaut())[0]
    right, left, nose, mouth = best.keypoints[:4]
    expected = [(203.5, 100.5), (246.5, 103.0), (223.0, 128.0), (222.5, 145.0)]
    off = np.array([right, left, nose, mouth]) - expected
    assert np.linalg.norm(off, axis=1).max() < 0.12 * EYES
    x0, y0, x1, y1 = best.box
    marks = np.array(list(ASTRONAUT.values()))
    assert ((marks > (x0, y0)) & (marks < (x1, y1 + 0.1 * EYES))).all()
    assert x1 - x0 < 2.5 * EYES


def test_one_face_is_one_detection(detector: BlazeFaceDetector) -> None:
    whole, tiled = detector.detect(astronaut()), detector.detect_tiled(astronaut())
    assert len(whole) == 1
    assert sum(intersection_over_union(found.box, whole[0].box) > 0.05 for found in tiled) == 1
    assert [found.score for found in tiled] == sorted((f.score for f in tiled), reverse=True)


@pytest.mark.parametrize("at", [(60, 50), (320, 180), (590, 320), (203, 131)])
def test_tiles_find_what_is_too_small_for_the_whole(
    detector: BlazeFaceDetector, at: tuple[float, float]
) -> None:
    small = placed(astronaut(), backdrop((640, 360)), at, scale=14 / EYE_TO_CHIN)
    best = detector.detect_tiled(small.pixels)[0]
    x0, y0, x1, y1 = best.box
    assert x0 < at[0] < x1
    assert y0 < at[1] < y1
    assert x1 - x0 < 60


@pytest.mark.parametrize(
    "size", [(1, 1), (30, 400), (128, 128), (129, 127), (640, 360), (257, 333)]
)
def test_tiles_cover_every_pixel(size: tuple[int, int]) -> None:
    image: Pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for kind in (tiles, large_tiles):
        covered, found = np.zeros(image.shape[:2], bool), list(kind(image))
        for tile in found:
            covered[tile.rows, tile.columns] = True
        assert covered.all()
        assert len({(tile.width, tile.height) for tile in found}) == 1


class OneSize:
    """A network that takes no larger images."""

    any_size = False

    def __init__(self, network: Network) -> None:
        self.run = network.run


def test_large_tiles_show_the_faces_that_small_ones_do() -> None:
    network = face_detector(Settings())
    image = backdrop((900, 700))
    places = [(100 + 175 * (n % 5), 90 + 170 * (n // 5)) for n in range(20)]
    for number, place in enumerate(places):
        image = placed(astronaut(), image, place, scale=0.25 + number / 40).pixels
    found = [
        {places.index(min(places, key=lambda p: np.hypot(*(d.keypoints[2] - p)))) for d in seen}
        for seen in (
            [d for d in detector.detect_tiled(image) if d.score > 0.72]
            for detector in (BlazeFaceDetector(network), BlazeFaceDetector(OneSize(network)))
        )
    ]
    assert found == [set(range(20))] * 2


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (16, 16)])
def test_an_image_of_any_size_is_searched(
    detector: BlazeFaceDetector, size: tuple[int, int]
) -> None:
    image: Pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    assert detector.detect(image) == detector.detect_tiled(image) == []


def test_the_square_holds_the_head_and_its_tilt(detector: BlazeFaceDetector) -> None:
    for degrees in (0, 25, -25):
        head = placed(astronaut(), backdrop((512, 512)), (256, 256), degrees=degrees)
        square = detector.detect(head.pixels)[0].square()
        assert np.degrees(square.angle) == pytest.approx(-degrees + 3, abs=6)  # her head tilts by 3
        away = np.hypot(*(head.points(ASTRONAUT) - (square.cx, square.cy)).T)
        assert away.max() < square.side / 2
        assert np.hypot(square.cx - 256, square.cy - 256) < 0.2 * EYES


def test_overlap() -> None:
    def box(*corners: float) -> np.ndarray:
        return np.array(corners, np.float32)

    assert intersection_over_union(box(0, 0, 4, 4), box(0, 0, 4, 4)) == 1
    assert intersection_over_union(box(0, 0, 4, 4), box(2, 0, 6, 4)) == pytest.approx(8 / 24)
    assert intersection_over_union(box(0, 0, 4, 4), box(4, 0, 8, 4)) == 0
    assert intersection_over_union(box(0, 0, 4, 4), box(9, 9, 12, 12)) == 0
    assert intersection_over_union(box(1, 1, 1, 1), box(1, 1, 1, 1)) == 0
