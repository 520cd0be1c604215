"""Fit the 468-point mesh to a face whose position is roughly known."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix, Square, transform
from roop.models.networks import Network
from roop.types import Frame, Gaze, Mesh, Pixels

_INPUT = 192
"""Side of the network's input, pixels."""

_RIGHT_EYE, _LEFT_EYE = 33, 263
"""Outer corners of the person's right and left eye."""

_POINTS = 468
"""Points of the mesh; those of the irises follow."""

_EYES = ((468, 33, 133), (473, 362, 263))
"""Centre of the iris, left and right corner (as the camera sees them) of the right and left eye."""


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
    gaze: Gaze | None = None
    """Where the eyes look; None if the network finds no irises."""


class FaceMesher:
    """Runs the networks of the face mesh.

    Args:
        network: The plain one, which tells best whether there is a face.
        closer: The one with attention, which is more exact; None if there is none.
    """

    def __init__(self, network: Network, closer: Network | None = None) -> None:
        self._network = network
        self._closer = closer

    def fit(self, frame: Frame, square: Square) -> FittedMesh:
        """Fit the plain mesh to what may be a face in ``square``."""
        return self._fit(self._network, frame, square)

    def refine(self, frame: Frame, fitted: FittedMesh) -> FittedMesh:
        """Return the exact mesh of a face that ``fit`` has found."""
        if self._closer is None:
            return fitted
        exact = self._fit(self._closer, frame, face_square(fitted.mesh))
        return replace(exact, score=fitted.score)

    def follow(self, frame: Frame, square: Square) -> FittedMesh:
        """Fit the exact mesh to the face that is expected in ``square``."""
        if self._closer is None:
            return self.fit(frame, square)
        # Its own score stays high on what covers a face.
        exact = self._fit(self._closer, frame, square)
        return replace(exact, score=self.fit(frame, square).score)

    def _fit(self, network: Network, frame: Frame, square: Square) -> FittedMesh:
        to_frame = square.to_frame(_INPUT)
        crop = frame.warped(to_frame, _INPUT)
        batch = np.multiply(crop, np.float32(1 / 255), dtype=np.float32)[None]
        points, logit = network.run(batch.transpose(0, 3, 1, 2))
        mesh = np.empty_like(points[:_POINTS])
        # The network counts from the edge.
        mesh[:, :2] = transform(to_frame, points[:_POINTS, :2] - 0.5)
        mesh[:, 2] = points[:_POINTS, 2] * (square.side / _INPUT)
        score = float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))
        gaze = _gaze(points) if len(points) > _POINTS else None
        return FittedMesh(mesh, score, crop, to_frame, gaze)


def _gaze(points: NDArray[np.float32]) -> Gaze:
    found = np.empty((2, 2), np.float32)
    for eye, (iris, left, right) in enumerate(_EYES):
        along = points[right, :2] - points[left, :2]
        off = points[iris, :2] - (points[left, :2] + points[right, :2]) / 2
        across = np.array([-along[1], along[0]])
        found[eye] = (along @ off, across @ off) / np.maximum(along @ along, 1e-6)
    return found


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
