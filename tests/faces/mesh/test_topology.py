"""The fixed part of the face mesh, held against what any such surface must satisfy."""

from collections import Counter

import numpy as np
import pytest

from roop.faces.mesh.topology import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    Topology,
    load_topology,
)


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load_topology()


def edges(triangles: np.ndarray) -> Counter[frozenset[int]]:
    sides = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return Counter(frozenset(map(int, side)) for side in sides)


def areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Signed, positive if clockwise on an image."""
    a, b, c = (points[triangles[:, i], :2].astype(float) for i in range(3))
    u, v = b - a, c - a
    return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2


def outline_area(outline: np.ndarray) -> float:
    x, y = outline.astype(float).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_it_is_one_closed_surface_with_one_outline(topology: Topology) -> None:
    assert topology.triangles.shape == (898, 3)
    assert set(topology.triangles.ravel().tolist()) == set(range(468))
    count = edges(topology.triangles)
    assert set(count.values()) == {1, 2}
    border = {edge for edge, uses in count.items() if uses == 1}
    assert border == {frozenset(pair) for pair in zip(OVAL, OVAL[1:] + OVAL[:1], strict=True)}
    assert 468 - len(count) + 898 == 1  # Euler: a disc, no hole at eyes and mouth


@pytest.mark.parametrize("ring", [RIGHT_EYE, LEFT_EYE, INNER_LIPS, OUTER_LIPS])
def test_lids_and_lips_are_rings_of_edges(topology: Topology, ring: tuple[int, ...]) -> None:
    count = edges(topology.triangles)
    assert len(set(ring)) == len(ring)
    assert all(frozenset(pair) in count for pair in zip(ring, ring[1:] + ring[:1], strict=True))


def test_the_mirror_swaps_the_halves(topology: Topology) -> None:
    mirror = topology.mirror
    assert np.array_equal(mirror[mirror], np.arange(468))
    flipped = topology.mean[mirror] * (-1, 1, 1)
    assert np.abs(flipped - topology.mean).max() < 0.02  # eye distances
    pairs = [(RIGHT_EYE, LEFT_EYE), (RIGHT_BROW, LEFT_BROW), (OVAL, OVAL), (INNER_LIPS, INNER_LIPS)]
    for right, left in pairs:
        assert {int(mirror[point]) for point in right} == set(left)
    faces = {frozenset(map(int, t)) for t in topology.triangles}
    kept = sum(frozenset(int(mirror[p]) for p in face) in faces for face in faces)
    assert kept > 0.9 * len(faces)  # the diagonals of a few quads run the other way


def test_the_mean_face_is_measured_in_eye_distances(topology: Topology) -> None:
    right, left = topology.mean[33], topology.mean[263]
    assert np.linalg.norm(left - right) == pytest.approx(1, abs=1e-3)
    assert (left + right) / 2 == pytest.approx(np.zeros(3), abs=1e-3)
    assert left[0] > right[0]  # the person's left is on the camera's right
    assert topology.mean[152, 1] > topology.mean[13, 1] > topology.mean[1, 1] > 0  # y down
    assert topology.mean[4, 2] == topology.mean[:, 2].min()  # the nose tip is nearest


def test_the_flat_layout_has_no_overlap(topology: Topology) -> None:
    flat = areas(topology.flat, topology.triangles)
    assert (flat > 0).all()
    # Without an overlap the triangles fill exactly what the outline holds.
    assert flat.sum() == pytest.approx(outline_area(topology.flat[list(OVAL)]), rel=1e-3)
    assert np.ptp(topology.flat[:, 0]) == pytest.approx(1, abs=1e-3)
    assert flat.min() > 1e-6 * flat.sum()


def test_the_camera_sees_the_mean_face_clockwise(topology: Topology) -> None:
    seen = areas(topology.mean, topology.triangles)
    assert seen[seen > 0].sum() > 0.97 * np.abs(seen).sum()
