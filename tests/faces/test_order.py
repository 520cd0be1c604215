"""In which order the faces of a frame are numbered."""

import numpy as np
import pytest

from roop.faces.order import sort_faces
from roop.options import FaceOrder

POSITIONS = {"small": (50, 30, 10), "large": (10, 60, 30), "high": (30, 10, 20)}
"""Left edge, top edge and side of each face."""


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("left-right", ["large", "high", "small"]),
        ("right-left", ["small", "high", "large"]),
        ("top-bottom", ["high", "small", "large"]),
        ("bottom-top", ["large", "small", "high"]),
        ("large-small", ["large", "high", "small"]),
    ],
)
def test_faces_are_sorted_by_position_or_size(order: FaceOrder, expected: list[str]) -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    names = {}
    for name, (left, top, side) in POSITIONS.items():
        mesh = square * side + np.array([left, top, 0], np.float32)
        names[id(mesh)] = name, mesh
    found = sort_faces((mesh for _, mesh in names.values()), order)
    assert [names[id(mesh)][0] for mesh in found] == expected
