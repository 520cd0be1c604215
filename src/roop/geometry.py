"""Plane and space geometry: similarity transforms and point sets. Pure functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.types import Box, Points

Matrix = NDArray[np.float32]
"""``(2, 3)`` affine: ``A @ (x, y, 1)``."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square region of a picture that may stand askew."""

    cx: float
    cy: float
    side: float
    """Pixels."""
    angle: float
    """Radians; how far the square's x axis is turned from the picture's, towards its y axis."""

    def to_pixels(self, side: int) -> Matrix:
        """Return the affine from a picture of ``side`` x ``side`` to the frame it is cut from."""
        scale = self.side / side
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
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
        reach = self.side / 2 * (abs(np.cos(self.angle)) + abs(np.sin(self.angle)))
        low, high = np.floor, np.ceil
        return Box(
            int(low(self.cx - reach)),
            int(low(self.cy - reach)),
            int(high(self.cx + reach)),
            int(high(self.cy + reach)),
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


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Turn, scale and move points of a space: ``scale * points @ rotation.T + shift``."""

    scale: float
    rotation: NDArray[np.float64]
    """``(D, D)``, determinant 1."""
    shift: NDArray[np.float64]
    """``(D,)``."""

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the moved ``(N, D)`` points."""
        moved: NDArray[np.float64] = self.scale * points @ self.rotation.T + self.shift
        return moved

    def turn(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the turned and scaled, not moved, ``(N, D)`` vectors."""
        turned: NDArray[np.float64] = self.scale * vectors @ self.rotation.T
        return turned

    def invert(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the points that ``apply`` would move to ``points``."""
        back: NDArray[np.float64] = (points - self.shift) @ self.rotation / self.scale
        return back


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating], weights: NDArray[np.floating]
) -> Similarity:
    """Return the similarity that moves ``source`` nearest to ``target`` in weighted least squares.

    Args:
        source: ``(N, D)``.
        target: ``(N, D)``.
        weights: ``(N,)``, at least ``D`` of them above 0.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991.
    """
    share = (weights / weights.sum())[:, None].astype(np.float64)
    mean_source, mean_target = (share * source).sum(axis=0), (share * target).sum(axis=0)
    from_source, from_target = source - mean_source, target - mean_target
    u, stretch, vt = np.linalg.svd((share * from_target).T @ from_source)
    flip = np.ones(len(stretch))
    flip[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = (u * flip) @ vt
    scale = float((stretch * flip).sum() / (share * from_source**2).sum())
    return Similarity(scale, rotation, mean_target - scale * rotation @ mean_source)
