"""The mesh as a surface to draw: its triangles with a rim around the face, back to front."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import INNER_LIPS, OUTER_LIPS, OVAL, Indices, Topology

Vertices = NDArray[np.float32]
"""``(N, 2)`` or ``(N, 3)``: the 468 mesh points, then the rim's."""

_RIM = 0.2
"""How far the rim lies outside the outline, in distances from the centre of the face."""

_SLIVER = 0.03
"""Doubled area of a triangle, in squares of its longest side, below which it is but a line."""

_ALL = slice(None)

_FARTHEST = 5.0
"""Depth of what shows no triangle."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedMesh:
    """The surface as it was drawn."""

    shown: NDArray[np.intp]
    """``(H, W)``: the triangle that each pixel shows, -1 for none."""
    places: NDArray[np.float32]
    """``(2, H, W)``: x and y of where each pixel comes from, about (-1, -1) where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Where the surface's points lie in the picture that is drawn on it; see ``Surface.ends``."""

    painted: NDArray[np.float32]
    """``(T, 3, 3)``: x and y of each triangle's corners, in ``scale``, and the triangle's number as
    a share of their count, in place of red, green and blue."""
    scale: np.float32
    nowhere: NDArray[np.float32]
    """``(3,)``: the same where there is no triangle."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles between the mesh points and the rim's."""

    triangles: Indices
    """``(T, 3)``."""
    layers: NDArray[np.float32]
    """``(T,)``: 1 before 2 before 3: lips, as their inner side rolls in and is seen from any side;
    what faces away; the rim and the opening of the mouth, which all else covers."""
    turning: NDArray[np.float32]
    """``(T,)``: 1 for what is a layer nearer if it faces the camera, 0 for the others."""
    flat: Vertices
    """``(N, 2)``: the mean face unrolled, 1 wide; the layout of every atlas."""
    mirror: Indices
    """``(N,)``: the point on the other half of the face."""
    shading: cv2.TriangleRasterizeSettings
    """How its triangles are drawn."""
    numbers: NDArray[np.int32]
    """``(T, 3)``: of the corners, each triangle having its own."""

    def ends(self, points: NDArray[np.float32]) -> Ends:
        """Return what to draw with if the surface's points lie at ``points``, ``(N, D)``."""
        count, flat = len(self.triangles), points[:, :2]
        scale = max(float(flat.max()), -float(flat.min()), 1.0)
        painted = np.empty((count, 3, 3), np.float32)
        painted[..., :2] = (flat / np.float32(scale)).take(self.triangles, axis=0)
        painted[..., 2] = (np.arange(1, count + 1, dtype=np.float32) / count)[:, None]
        nowhere = np.array([-1 / scale, -1 / scale, 0], np.float32)
        return Ends(painted, np.float32(scale), nowhere)

    def around(self, points: Sequence[int]) -> Indices:
        """Return the triangles at ``points``, and those next to them."""
        near = np.isin(self.triangles, points).any(axis=1)
        touched = np.isin(self.triangles, self.triangles[near]).any(axis=1)
        return np.flatnonzero(touched)

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
    behind, lips = rim | mouth, _within(triangles, _lips(topology))
    return Surface(
        triangles,
        np.where(behind, 3, np.where(lips, 1, 2)).astype(np.float32),
        (~(behind | lips)).astype(np.float32),
        with_rim(topology.flat),
        mirror,
        _from_any_side(),
        np.arange(3 * len(triangles), dtype=np.int32).reshape(-1, 3),
    )


def _from_any_side() -> cv2.TriangleRasterizeSettings:
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    return settings


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


def draw(
    surface: Surface,
    vertices: Vertices,
    ends: Ends,
    size: tuple[int, int],
    only: Indices | slice = _ALL,
) -> RenderedMesh:
    """Draw the surface, and say of each pixel where it comes from.

    Nearer triangles cover farther ones. Those that face away, or are seen edge on, only fill the
    cracks that a folded mesh leaves.

    Args:
        surface: What to draw.
        vertices: ``(N, 3)``, x and y in pixels of the drawing; ``(N, 2)`` if none hides another.
        ends: Where each vertex lies in the picture that is drawn.
        size: (width, height) of the drawing.
        only: The triangles to draw.
    """
    corners = vertices.take(surface.triangles[only], axis=0)
    seen = np.empty((size[1], size[0], 3), np.float32)
    seen[:] = ends.nowhere
    depth = np.full((size[1], size[0]), _FARTHEST, np.float32)
    cv2.triangleRasterize(
        _in_space(corners, _depths(surface, corners, only), size).reshape(-1, 3),
        surface.numbers[: len(corners)],
        ends.painted[only].reshape(-1, 3),
        seen,
        depth,
        np.eye(4, dtype=np.float32),
        np.pi / 2,
        0.5,
        _FARTHEST,
        surface.shading,
    )
    number = seen[..., 2] * np.float32(len(surface.triangles)) + np.float32(0.5)
    places = np.multiply(seen.transpose(2, 0, 1)[:2], ends.scale, order="C")
    return RenderedMesh(number.astype(np.intp) - 1, places)


def _in_space(
    corners: NDArray[np.float32], depth: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """WorkArea triangles before a camera that looks 90 degrees wide, each flat at its own depth.

    So perspective bends nothing, and the pixels are met exactly.
    """
    width, height = size
    placed = np.empty((len(corners), 3, 3), np.float32)
    half = (depth * (2 / height))[:, None]
    placed[..., 0] = (corners[..., 0] + (0.5 - width / 2)) * half
    placed[..., 1] = (corners[..., 1] + (0.5 - height / 2)) * -half
    placed[..., 2] = -depth[:, None]
    return placed


def _depths(
    surface: Surface, corners: NDArray[np.float32], only: Indices | slice
) -> NDArray[np.float32]:
    """Return how far from the camera each triangle is drawn: ``(T,)``, 1 to 4."""
    layer = surface.layers[only] - surface.turning[only] * _facing(corners)
    if corners.shape[2] < 3:
        return layer
    z = corners[:, 0, 2] + corners[:, 1, 2] + corners[:, 2, 2]
    near = z.min()
    depth: NDArray[np.float32] = layer + (z - near) * np.float32(0.99 / max(z.max() - near, 1e-6))
    return depth


def _facing(corners: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which triangles, ``(T, 3, D)``, face the camera and are not seen edge on."""
    (p, q), (r, t) = (corners[:, 1:, i].T - corners[:, 0, i] for i in (0, 1))
    longest = np.maximum.reduce([p * p + r * r, q * q + t * t, (q - p) ** 2 + (t - r) ** 2])
    facing: NDArray[np.bool_] = p * t - q * r > _SLIVER * longest
    return facing


def paint(shown: NDArray[np.intp], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each pixel's weight.

    Args:
        shown: ``(H, W)``: the triangle that it shows, -1 for none.
        weights: ``(T + 1,)``: one for each triangle, and for what shows none.
    """
    painted: NDArray[np.float32] = weights.take(shown)
    return painted


def softened(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return a field with soft borders; beyond the picture it is 0."""
    soft: NDArray[np.float32] = cv2.GaussianBlur(
        picture, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_CONSTANT
    )
    return soft
