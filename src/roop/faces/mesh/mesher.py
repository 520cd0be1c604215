"""Lay the 468-point mesh on a face whose place is roughly known."""

import math
from dataclasses import dataclass

import numpy as np

from roop.geometry import Matrix, Square, transform
from roop.models.networks import Network
from roop.types import Frame, Mesh, Pixels

_INPUT = 192
"""Side of the network's input, pixels."""

_RIGHT_EYE, _LEFT_EYE = 33, 263
"""Outer corners of the person's right and left eye."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedMesh:
    """A mesh and what it was laid on."""

    mesh: Mesh
    score: float
    """Confidence that there is a face, 0..1."""
    crop: Pixels
    """``(192, 192, 3)``: what the network saw."""
    to_frame: Matrix
    """From pixels of ``crop`` to the frame."""


class FaceMesher:
    """Runs the face mesh."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def lay(self, frame: Frame, square: Square) -> FittedMesh:
        """Lay the mesh on the face in ``square``."""
        to_frame = square.to_pixels(_INPUT)
        crop = frame.warped(to_frame, _INPUT)
        batch = np.multiply(crop, np.float32(1 / 255), dtype=np.float32)[None]
        points, logit = self._network.run(batch.transpose(0, 3, 1, 2))
        mesh = np.empty_like(points)
        mesh[:, :2] = transform(to_frame, points[:, :2] - 0.5)  # it counts from the edge
        mesh[:, 2] = points[:, 2] * (square.side / _INPUT)
        score = float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))
        return FittedMesh(mesh, score, crop, to_frame)


def square_of(mesh: Mesh) -> Square:
    """Return the region to look for the same face in the next frame."""
    (ax, ay), (bx, by) = mesh[_RIGHT_EYE, :2].tolist(), mesh[_LEFT_EYE, :2].tolist()
    angle = math.atan2(by - ay, bx - ax)
    cos, sin = math.cos(angle), math.sin(angle)
    turned = np.array([[cos, -sin], [sin, cos]], np.float32)
    upright = mesh[:, :2] @ turned
    low, high = upright.min(axis=0), upright.max(axis=0)
    cx, cy = (turned @ ((low + high) / 2)).tolist()
    return Square(cx, cy, 1.5 * float((high - low).max()), angle)
