from math import cos, pi, radians, sin

import numpy as np
import pytest

from roop.geometry import Square, bounds, fit_similarity, transform
from roop.types import Box

RANDOM = np.random.default_rng(7)


def turned(degrees: tuple[float, float, float]) -> np.ndarray:
    """Return the rotation by angles about x, y and z."""
    x, y, z = map(radians, degrees)
    about_x = np.array([[1, 0, 0], [0, cos(x), -sin(x)], [0, sin(x), cos(x)]])
    about_y = np.array([[cos(y), 0, sin(y)], [0, 1, 0], [-sin(y), 0, cos(y)]])
    about_z = np.array([[cos(z), -sin(z), 0], [sin(z), cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


@pytest.mark.parametrize("degrees", [(0, 0, 0), (10, -35, 20), (-40, 60, 170), (0, 0, 180)])
def test_a_known_pose_is_found_again(degrees: tuple[float, float, float]) -> None:
    start = RANDOM.normal(size=(468, 3))
    rotation, shift = turned(degrees), np.array([300.0, -20.0, 7.0])
    end = 37.5 * start @ rotation.T + shift
    fit = fit_similarity(start, end, np.ones(468))
    assert fit.scale == pytest.approx(37.5)
    assert fit.rotation == pytest.approx(rotation, abs=1e-9)
    assert fit.apply(start) == pytest.approx(end, abs=1e-6)
    assert fit.invert(end) == pytest.approx(start, abs=1e-6)
    assert fit.apply_to_vectors(start[:1] - start[1:2]) == pytest.approx(
        end[:1] - end[1:2], abs=1e-6
    )


def test_noise_averages_out() -> None:
    start = RANDOM.normal(size=(468, 3))
    rotation = turned((10, -35, 20))
    noise = RANDOM.normal(scale=0.5, size=start.shape)
    fit = fit_similarity(start, 40 * start @ rotation.T + (5, 6, 7) + noise, np.ones(468))
    # The mean of 468 numbers is sqrt(468) times as sure as each: 0.023; five of that at most.
    assert fit.shift == pytest.approx([5, 6, 7], abs=0.12)
    assert fit.scale == pytest.approx(40, abs=0.12)
    assert np.abs(fit.rotation - rotation).max() < 0.004


def test_points_without_weight_do_not_count() -> None:
    start = RANDOM.normal(size=(40, 2))
    end = 2 * start[:, ::-1] * (1, -1) + (3, 4)  # a quarter turn
    weights = np.ones(40)
    end[:15], weights[:15] = 1e4, 0
    fit = fit_similarity(start, end, weights)
    assert fit.apply(start[15:]) == pytest.approx(end[15:])


def test_a_mirrored_face_is_never_turned_inside_out() -> None:
    start = RANDOM.normal(size=(60, 3))
    fit = fit_similarity(start, start * (-1, 1, 1), np.ones(60))
    assert np.linalg.det(fit.rotation) == pytest.approx(1)


def test_a_square_is_cut_pixel_for_pixel() -> None:
    # 8 x 8 frame pixels around (10, 20): they reach from 6 to 14, the first one's centre is 6.5.
    matrix = Square(10, 20, 8, 0).to_frame(8)
    corners = np.array([[0, 0], [7, 0], [0, 7]], np.float32)
    assert transform(matrix, corners) == pytest.approx(
        np.array([[6.5, 16.5], [13.5, 16.5], [6.5, 23.5]])
    )


def test_a_square_shrunk_and_turned() -> None:
    # Half the size, a quarter turn towards y: its x axis runs down the frame.
    matrix = Square(10, 20, 8, pi / 2).to_frame(4)
    corners = np.array([[0, 0], [3, 0], [0, 3]], np.float32)
    assert transform(matrix, corners) == pytest.approx(
        np.array([[13, 17], [13, 23], [7, 17]]), abs=1e-5
    )


@pytest.mark.parametrize("angle", [0, 0.3, pi / 4, 2, -1.2])
def test_the_box_around_a_square_holds_all_of_it_and_little_more(angle: float) -> None:
    square = Square(50.2, 41.7, 30, angle)
    ends = np.array([[-0.5, -0.5], [99.5, -0.5], [-0.5, 99.5], [99.5, 99.5]], np.float32)
    corners = transform(square.to_frame(100), ends)
    box = square.bounds()
    low, high = np.array([box.x0, box.y0]), np.array([box.x1, box.y1])
    assert (corners.min(axis=0) >= low - 1e-4).all()
    assert (corners.max(axis=0) <= high + 1e-4).all()
    assert (corners.min(axis=0) - low < 1).all()
    assert (high - corners.max(axis=0) < 1).all()


def test_the_box_around_points() -> None:
    points = np.array([[3.2, 8.0], [7.9, 4.1]], np.float32)
    assert bounds(points) == Box(3, 4, 8, 8)
    assert bounds(points, margin=2) == Box(1, 2, 10, 10)
