"""The mesh as a surface to draw: its triangles with a rim around the face, back to front."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.topology import INNER_LIPS, OUTER_LIPS, OVAL, Indices, Topology

Vertices = NDArray[np.float32]
"""``(N, 2)`` or ``(N, 3)``: the 468 mesh points, then the rim's."""

_RIM = 0.2
"""How far the rim lies outside the outline, in distances from the centre of the face."""

_SLIVER = 0.03
"""Doubled area of a triangle, in squares of its longest side, below which it is but a line."""

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles between the mesh points and the rim's."""

    triangles: Indices
    """``(T, 3)``."""
    behind: NDArray[np.bool_]
    """``(T,)``: the rim and the opening of the mouth, which all else covers."""
    lips: NDArray[np.bool_]
    """``(T,)``: their inner side rolls in, and is seen from any side."""
    flat: Vertices
    """``(N, 2)``: the mean face unrolled, 1 wide; the layout of every atlas."""
    mirror: Indices
    """``(N,)``: the point on the other half of the face."""

    def turn(self, vertices: Vertices) -> float:
        """Return 1 if ``vertices`` show the face as in ``flat``, -1 if mirrored."""
        right, left = vertices[33, 0], vertices[263, 0]
        return 1.0 if right < left else -1.0


def make_surface(topology: Topology) -> Surface:
    """Add a rim to the mesh, so that what is drawn goes on a little beyond the outline."""
    count = len(topology.mean)
    ring = [
        triangle
        for i in range(len(OVAL))
        for triangle in _quad(OVAL[i - 1], OVAL[i], count + (i - 1) % len(OVAL), count + i)
    ]
    mirror = np.concatenate([topology.mirror, count + _mirrored_outline(topology)])
    triangles = np.concatenate([np.array(ring, np.intp), topology.triangles])
    mouth = _within(triangles, INNER_LIPS)
    rim = np.zeros(len(triangles), np.bool_)
    rim[: len(ring)] = True
    lips = _within(triangles, _lips(topology))
    return Surface(triangles, rim | mouth, lips, with_rim(topology.flat), mirror)


def _within(triangles: Indices, points: Sequence[int]) -> NDArray[np.bool_]:
    """Tell of each triangle whether all its corners are among ``points``."""
    corners: NDArray[np.bool_] = np.isin(triangles, points)
    return corners[:, 0] & corners[:, 1] & corners[:, 2]


def _lips(topology: Topology) -> list[int]:
    """Return the points of the lips, the rings between their borders too."""
    inside = np.isin(topology.triangles, INNER_LIPS).any(axis=1)
    return sorted({*OUTER_LIPS, *topology.triangles[inside].ravel().tolist()})


def _mirrored_outline(topology: Topology) -> Indices:
    place = {point: i for i, point in enumerate(OVAL)}
    return np.array([place[int(topology.mirror[point])] for point in OVAL], np.intp)


def _quad(a: int, b: int, outer_a: int, outer_b: int) -> tuple[tuple[int, int, int], ...]:
    return (a, b, outer_b), (a, outer_b, outer_a)


def with_rim(mesh: NDArray[np.floating]) -> Vertices:
    """Append the rim's points to the 468 of ``mesh``."""
    outline = mesh[list(OVAL)]
    rim = outline + _RIM * (outline - outline.mean(axis=0))
    return np.concatenate([mesh, rim]).astype(np.float32)


def draw(surface: Surface, vertices: Vertices, size: tuple[int, int]) -> NDArray[np.int32]:
    """Return which triangle each pixel of a picture of ``size`` (width, height) shows, -1 for none.

    Nearer ones cover farther ones. Those that face away, or are seen edge on, only fill the cracks
    that a folded mesh leaves.

    Args:
        surface: What to draw.
        vertices: ``(N, 3)``, x and y in pixels of the picture; ``(N, 2)`` if none hides another.
        size: (width, height).
    """
    shown = np.full((size[1], size[0]), -1, np.int32)
    corners = vertices[surface.triangles]
    facing = _facing(corners)
    depth = corners[:, :, 2].mean(axis=1) if vertices.shape[1] > 2 else np.zeros(len(corners))
    layer = np.where(surface.behind, 0, np.where(facing | surface.lips, 2, 1))
    order = np.lexsort((-depth, layer))
    polygons = np.rint(corners[order, :, :2] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    for number, polygon in zip(order.tolist(), polygons, strict=True):
        cv2.fillConvexPoly(shown, polygon, number, cv2.LINE_8, _SUBPIXEL_BITS)
    return shown


def _facing(corners: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which triangles, ``(T, 3, D)``, face the camera and are not seen edge on."""
    x, y = corners[:, :, 0].T, corners[:, :, 1].T
    (p, q), (r, t) = x[1:] - x[0], y[1:] - y[0]
    facing: NDArray[np.bool_] = p * t - q * r > _SLIVER * _longest(p, q, r, t)
    return facing


def _longest(
    p: NDArray[np.float32], q: NDArray[np.float32], r: NDArray[np.float32], t: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the squares of the longest sides of triangles with the sides (p, r) and (q, t)."""
    longest: NDArray[np.float32] = np.maximum.reduce(
        [p * p + r * r, q * q + t * t, (q - p) ** 2 + (t - r) ** 2]
    )
    return longest


def affines(triangles: Indices, start: Vertices, end: Vertices) -> NDArray[np.float32]:
    """Return for each triangle the ``(2, 3)`` affine that moves it from ``start`` to ``end``.

    One so flat that it has no inside to speak of moves wholly to the middle of where it ends.
    """
    (x, y), (u, v) = (points[triangles, :2].transpose(2, 1, 0) for points in (start, end))
    (p, q), (r, t) = x[1:] - x[0], y[1:] - y[0]
    area = p * t - q * r
    solid = np.abs(area) >= _SLIVER * _longest(p, q, r, t)
    inverse = solid / np.where(area == 0, 1, area)
    rows = []
    for w in (u, v):
        along, across = w[1] - w[0], w[2] - w[0]
        by_x, by_y = (along * t - across * r) * inverse, (across * p - along * q) * inverse
        rows.append([by_x, by_y, w.mean(axis=0) - by_x * x.mean(axis=0) - by_y * y.mean(axis=0)])
    return np.array(rows, np.float32).transpose(2, 0, 1)


def lookup(shown: NDArray[np.int32], moves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where each pixel of the drawn picture comes from: ``(2, H, W)`` x and y.

    Args:
        shown: As ``draw`` returns it; its uncovered pixels get (-1, -1).
        moves: As ``affines`` returns it.
    """
    height, width = shown.shape
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    table = np.concatenate([moves.reshape(-1, 6), np.array([[0, 0, -1, 0, 0, -1]], np.float32)])
    m = np.take(table.T.copy(), shown, axis=1)
    found = np.empty((2, height, width), np.float32)
    found[0] = m[0] * x + m[1] * y + m[2]
    found[1] = m[3] * x + m[4] * y + m[5]
    return found


def paint(shown: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each pixel's weight: that of the triangle it shows, 0 where there is none."""
    table = np.append(weights, np.float32(0))
    painted: NDArray[np.float32] = np.take(table, shown)
    return painted
