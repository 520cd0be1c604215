"""Geometry of points in the plane and in space. Pure functions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.types import Box, Points

Matrix = NDArray[np.float32]
"""``(2, 3)`` affine: ``A @ (x, y, 1)``."""

Template = tuple[tuple[float, float], ...]
"""Five x, y as shares of the crop's side: the person's right eye (on the left of the image), left
eye, tip of the nose, right and left corner of the mouth."""

TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "arcface_112_v1": (
            (0.35473214, 0.45658929),
            (0.64526786, 0.45658929),
            (0.5, 0.61154464),
            (0.37913393, 0.776875),
            (0.62086607, 0.776875),
        ),
        "arcface_112_v2": (
            (38.2946 / 112, 51.6963 / 112),
            (73.5318 / 112, 51.5014 / 112),
            (56.0252 / 112, 71.7366 / 112),
            (41.5493 / 112, 92.3655 / 112),
            (70.7299 / 112, 92.2041 / 112),
        ),
        "arcface_128": (
            (46.2946 / 128, 51.6963 / 128),
            (81.5318 / 128, 51.5014 / 128),
            (64.0252 / 128, 71.7366 / 128),
            (49.5493 / 128, 92.3655 / 128),
            (78.7299 / 128, 92.2041 / 128),
        ),
        "ffhq_512": (
            (0.37691676, 0.46864664),
            (0.62285697, 0.46912813),
            (0.50123859, 0.61331904),
            (0.39308822, 0.725411),
            (0.61150205, 0.72490465),
        ),
    }
)
"""Alignment templates by name.

``arcface_112_v2``: Deng et al., "ArcFace", CVPR 2019; ``arcface_112_v1`` is its older form, and
``arcface_128`` has a margin, for inswapper. ``ffhq_512``: Karras et al., "A Style-Based Generator
Architecture", CVPR 2019, in the points of facexlib.
"""


@dataclass(frozen=True, slots=True)
class Square:
    """A square region of a frame, possibly rotated."""

    cx: float
    cy: float
    side: float
    """Pixels."""
    angle: float
    """Radians from the frame's x axis to the square's, positive towards the frame's y axis."""

    def to_frame(self, side: int) -> Matrix:
        """Return the affine from a ``side`` x ``side`` crop of the square to the frame."""
        scale = self.side / side
        cos, sin = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = (side - 1) / 2
        return np.array(
            [
                [cos, -sin, self.cx - (cos - sin) * half],
                [sin, cos, self.cy - (sin + cos) * half],
            ],
            np.float32,
        )

    def bounds(self) -> Box:
        """Return the smallest upright box of whole pixels around the square."""
        reach = self.side / 2 * (abs(math.cos(self.angle)) + abs(math.sin(self.angle)))
        return Box(
            math.floor(self.cx - reach),
            math.floor(self.cy - reach),
            math.ceil(self.cx + reach),
            math.ceil(self.cy + reach),
        )


def transform(matrix: Matrix, points: Points) -> Points:
    """Apply a ``(2, 3)`` affine to ``(N, 2)`` points."""
    moved: Points = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def bounds(points: Points, *, margin: float = 0.0) -> Box:
    """Return the box of whole pixels around ``(N, 2)`` points, grown by ``margin`` pixels."""
    x0, y0 = np.floor(points.min(axis=0) - margin)
    x1, y1 = np.ceil(points.max(axis=0) + margin)
    return Box(int(x0), int(y0), int(x1), int(y1))


def barycentric(corners: NDArray[np.floating], points: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the barycentric coordinates, ``(N, 3)``, of points in triangles.

    Points outside their triangle have coordinates below 0. Those of a degenerate triangle are
    arbitrary.

    Args:
        corners: ``(N, 3, 2)``: a triangle for each point.
        points: ``(N, 2)``.
    """
    a = corners[:, 0]
    along, across, off = corners[:, 1] - a, corners[:, 2] - a, points - a
    area = along[:, 0] * across[:, 1] - across[:, 0] * along[:, 1]
    area[area == 0] = 1
    u = (off[:, 0] * across[:, 1] - across[:, 0] * off[:, 1]) / area
    v = (along[:, 0] * off[:, 1] - off[:, 0] * along[:, 1]) / area
    return np.stack([1 - u - v, u, v], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Rotates, scales and moves points: ``scale * points @ rotation.T + shift``."""

    scale: float
    rotation: NDArray[np.float64]
    """``(D, D)``, determinant 1."""
    shift: NDArray[np.float64]
    """``(D,)``."""

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return ``(N, D)`` points after the transform."""
        moved: NDArray[np.float64] = self.scale * points @ self.rotation.T + self.shift
        return moved

    def apply_to_vectors(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return ``(N, D)`` vectors after the transform: rotated and scaled, not moved."""
        rotated: NDArray[np.float64] = self.scale * vectors @ self.rotation.T
        return rotated

    def invert(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the points that ``apply`` maps to ``points``."""
        back: NDArray[np.float64] = (points - self.shift) @ self.rotation / self.scale
        return back


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating], weights: NDArray[np.floating]
) -> Similarity:
    """Return the similarity that maps ``source`` onto ``target`` with the least squared error.

    Args:
        source: ``(N, D)``.
        target: ``(N, D)``.
        weights: ``(N,)``: of the squared errors; at least ``D`` of them above 0.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991.
    """
    share = weights / np.float64(weights.sum())
    start, end = source.astype(np.float64), target.astype(np.float64)
    mean_start, mean_end = share @ start, share @ end
    start, end = start - mean_start, end - mean_end
    singular_values, u, vt = cv2.SVDecomp((end.T * share) @ start)  # a third of the time of numpy's
    flip = np.sign(cv2.determinant(u) * cv2.determinant(vt))
    u[:, -1] *= flip
    singular_values[-1] *= flip
    rotation = u @ vt
    scale = float(singular_values.sum() / (share @ (start * start)).sum())
    return Similarity(scale, rotation, mean_end - scale * rotation @ mean_start)


def align(points: Points, template: str, side: int) -> Matrix:
    """Return the affine from a frame to the aligned crop of a face.

    Args:
        points: ``(5, 2)``, in the order of a ``Template``.
        template: A key of ``TEMPLATES``.
        side: Width and height of the crop, pixels.

    Raises:
        ModelError: There is no such template.
    """
    if template not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise ModelError(f"there is no alignment template {template!r}", hint=f"known: {known}")
    fitted = fit_similarity(points, np.array(TEMPLATES[template]) * side, np.ones(5))
    rotated = fitted.scale * fitted.rotation
    return np.column_stack([rotated, fitted.shift]).astype(np.float32)
