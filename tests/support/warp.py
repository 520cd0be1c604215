"""A slow, plain warp between two meshes: a reference for the engine, and for making expressions."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.draw import polygon

from roop.faces.mesh.topology import Indices, load_topology
from roop.types import Mesh, Pixels, Portrait

Coordinates = NDArray[np.floating]
"""``(N, 2)`` or more columns: x, y, ... in pixels."""

_SIDE = 96
"""Width and height of a frontalised face, pixels."""


def draw_mesh(
    photo: NDArray[np.generic],
    start: Coordinates,
    end: Coordinates,
    canvas: NDArray[np.generic],
    triangles: Indices | None = None,
) -> NDArray[np.float64]:
    """Draw the mesh ``start`` of ``photo`` at ``end`` on ``canvas``, bilinearly."""
    result = canvas.astype(float)
    places = np.full((2, *canvas.shape[:2]), np.nan)
    for triangle in load_topology().triangles if triangles is None else triangles:
        a = np.column_stack([end[triangle, :2], np.ones(3)]).astype(float)
        if abs(np.linalg.det(a)) < 1e-6:
            continue
        move = np.linalg.solve(a, start[triangle, :2].astype(float))
        rows, columns = polygon(a[:, 1], a[:, 0], canvas.shape[:2])
        xy = np.column_stack([columns, rows, np.ones(len(rows))]) @ move
        places[:, rows, columns] = xy[:, ::-1].T
    inside = ~np.isnan(places[0])
    for channel in range(3):
        values = map_coordinates(
            photo[..., channel].astype(float), places[:, inside], order=1, mode="nearest"
        )
        result[inside, channel] = values
    return result


def draw_face(portrait: Portrait, end: Mesh) -> Pixels:
    """Draw the portrait's face at ``end`` on grey, near triangles over far ones."""
    triangles = load_topology().triangles
    order = np.argsort(-end[triangles, 2].mean(axis=1))
    canvas = np.full(portrait.pixels.shape, 90.0)
    return np.rint(draw_mesh(portrait.pixels, portrait.mesh, end, canvas, triangles[order])).astype(
        np.uint8
    )


def turned(portrait: Portrait, degrees: float) -> Portrait:
    """Return a photo of the same head, turned about its vertical axis."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = portrait.mesh.mean(axis=0)
    about = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    mesh = ((portrait.mesh - middle) @ about.T + middle).astype(np.float32)
    return Portrait(draw_face(portrait, mesh), mesh)


def frontal(photo: NDArray[np.generic], mesh: Mesh) -> NDArray[np.float64]:
    """Return the face warped to the mean face's mesh, ``(96, 96, 3)``."""
    mean = load_topology().mean[:, :2].astype(float)
    low, high = mean.min(axis=0), mean.max(axis=0)
    layout = (mean - low) / (high - low).max() * (_SIDE - 1)
    return draw_mesh(photo, mesh, layout, np.zeros((_SIDE, _SIDE, 3)))


def features(face: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the middle of a frontalised face without light and colour."""
    grey = face.mean(axis=2)
    low, contrast = gaussian_filter(grey, 8), gaussian_filter(grey, 0.8)
    detail = contrast - low
    return detail[20:70, 20:76] / np.hypot(gaussian_filter(np.abs(detail), 12)[20:70, 20:76], 2)


def similarity(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the correlation of two frontalised faces' features, -1..1."""
    return float(np.corrcoef(features(one).ravel(), features(other).ravel())[0, 1])


def with_expression(photo: Pixels, mesh: Mesh, changed: Mesh) -> Pixels:
    """Return the photo with the face's skin moved from ``mesh`` to ``changed``."""
    return np.rint(draw_mesh(photo, mesh, changed, photo)).astype(np.uint8)
