"""Lay the 468-point mesh on a face whose place is roughly known."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from roop.geometry import Matrix, Square, transform
from roop.models.networks import Network
from roop.types import Frame, Mesh, Pixels

_INPUT = 192
"""Side of the network's input, pixels."""

_COARSEST = 0.9
"""Pixels of the frame, halved, for one of the input: halving is the cheapest way to shrink."""

_RIGHT_EYE, _LEFT_EYE = 33, 263
"""Outer corners of the person's right and left eye."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
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

    def lay(self, frame: Frame, square: Square) -> Laid:
        """Lay the mesh on the face in ``square``."""
        crop, to_frame = cut(frame, square)
        batch = np.multiply(crop, np.float32(1 / 255), dtype=np.float32)[None]
        points, logit = self._network.run(batch.transpose(0, 3, 1, 2))
        mesh = np.empty_like(points)
        mesh[:, :2] = transform(to_frame, points[:, :2] - 0.5)  # it counts from the edge
        mesh[:, 2] = points[:, 2] * (square.side / _INPUT)
        score = float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))
        return Laid(mesh, score, crop, to_frame)


def cut(frame: Frame, square: Square) -> tuple[Pixels, Matrix]:
    """Return the square as a picture of the network's size, black beyond the frame's edge.

    The matrix leads from that picture back to the frame.
    """
    to_frame = square.to_pixels(_INPUT)
    box = square.bounds().evened().clipped(frame.size)
    if box.width < 2 or box.height < 2:
        return np.zeros((_INPUT, _INPUT, 3), np.uint8), to_frame
    halvings = max(int(math.log2(square.side / (_COARSEST * _INPUT))), 0)
    part = frame.thumbnail(max(box.width, box.height) >> halvings, box)
    zoom = np.array([[part.shape[1] / box.width], [part.shape[0] / box.height]], np.float32)
    to_part = to_frame * zoom
    to_part[:, 2] += (0.5 - np.array([box.x0, box.y0])) * zoom[:, 0] - 0.5
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    crop: Pixels = cv2.warpAffine(part, to_part, (_INPUT, _INPUT), flags=flags)
    return crop, to_frame


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
