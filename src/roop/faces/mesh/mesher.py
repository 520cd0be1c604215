"""Fit the 468-point mesh to a face whose position is roughly known."""

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
    """A mesh, and the crop of the frame that it was fitted to."""

    mesh: Mesh
    score: float
    """Confidence that there is a face, 0..1."""
    crop: Pixels
    """``(192, 192, 3)``: the network's input."""
    to_frame: Matrix
    """From pixels of ``crop`` to the frame."""


class FaceMesher:
    """Runs the face mesh network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def fit(self, frame: Frame, square: Square) -> FittedMesh:
        """Fit the mesh to the face in ``square``."""
        to_frame = square.to_frame(_INPUT)
        crop = frame.warped(to_frame, _INPUT)
        batch = np.multiply(crop, np.float32(1 / 255), dtype=np.float32)[None]
        points, logit = self._network.run(batch.transpose(0, 3, 1, 2))
        mesh = np.empty_like(points)
        mesh[:, :2] = transform(to_frame, points[:, :2] - 0.5)  # the network counts from the edge
        mesh[:, 2] = points[:, 2] * (square.side / _INPUT)
        score = float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))
        return FittedMesh(mesh, score, crop, to_frame)


def face_square(mesh: Mesh) -> Square:
    """Return the square to fit the same face in again, in this frame or the next."""
    (ax, ay), (bx, by) = mesh[_RIGHT_EYE, :2].tolist(), mesh[_LEFT_EYE, :2].tolist()
    angle = math.atan2(by - ay, bx - ax)
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, -sin], [sin, cos]], np.float32)
    upright = mesh[:, :2] @ rotation
    low, high = upright.min(axis=0), upright.max(axis=0)
    cx, cy = (rotation @ ((low + high) / 2)).tolist()
    return Square(cx, cy, 1.5 * float((high - low).max()), angle)
