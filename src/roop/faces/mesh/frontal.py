"""Frontalise faces: draw any face as if it looked at the camera."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import Topology
from roop.geometry import barycentric, bounds
from roop.types import Frame, Mesh, Pixels

SIZE = (64, 72)
"""(width, height) of a frontal view, pixels."""

_LEFT, _TOP, _RIGHT, _BOTTOM = -0.95, -0.62, 0.95, 1.55
"""Part of the mean face in the view, in eye distances from the middle between the eyes."""

_HIDDEN, _VISIBLE = 0.15, 0.5
"""Cosine between the line of sight and a triangle's normal up to which the frame shows nothing of
the triangle, and from which it shows enough."""

_DETAIL = 2
"""Most pixels of the frame per pixel of the view: more would alias."""

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class FrontalView:
    """A face drawn as if it looked at the camera, whatever its pose and expression."""

    pixels: Pixels
    """``(72, 64, 3)``; undefined outside the face."""
    visibility: NDArray[np.float32]
    """``(72, 64)``, 0..1: how well the frame shows this bit of skin; 0 outside the face."""


class Frontaliser:
    """Warps faces onto the mean face of the topology, triangle by triangle."""

    def __init__(self, topology: Topology) -> None:
        self._triangles = topology.triangles
        width, height = SIZE
        zoom = np.array([width / (_RIGHT - _LEFT), height / (_BOTTOM - _TOP)])
        flat = (topology.mean[:, :2] - [_LEFT, _TOP]) * zoom - 0.5
        triangle_map = np.full((height, width), -1, np.int32)
        depth = topology.mean[topology.triangles, 2].mean(axis=1)
        corners = np.rint(flat[topology.triangles] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for number in np.argsort(-depth):
            cv2.fillConvexPoly(
                triangle_map, corners[number], int(number), cv2.LINE_8, _SUBPIXEL_BITS
            )
        self._covered = triangle_map >= 0
        self._triangle = triangle_map[self._covered]
        rows, columns = np.nonzero(self._covered)
        self._corners = topology.triangles[self._triangle]
        self._weights = barycentric(flat[self._corners], np.stack([columns, rows], axis=1))

    def frontalise(self, frame: Frame, mesh: Mesh) -> FrontalView:
        """Return the frontal view of the face under ``mesh``."""
        width, height = SIZE
        visibility = np.zeros((height, width), np.float32)
        box = bounds(mesh[:, :2], margin=2).evened().clipped(frame.size)
        if box.width < 2 or box.height < 2:
            return FrontalView(np.zeros((height, width, 3), np.uint8), visibility)
        part = frame.thumbnail(_DETAIL * max(SIZE), box)
        zoom = np.array([part.shape[1] / box.width, part.shape[0] / box.height], np.float32)
        points = (mesh[:, :2] + 0.5 - np.array([box.x0, box.y0], np.float32)) * zoom - 0.5
        positions = (points[self._corners] * self._weights[..., None]).sum(axis=1)
        maps = np.full((2, height, width), -1, np.float32)
        maps[:, self._covered] = positions.T
        border = cv2.BORDER_REPLICATE
        pixels = cv2.remap(part, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=border)
        last = [part.shape[1] - 1, part.shape[0] - 1]
        inside = ((positions >= 0) & (positions <= last)).all(axis=1)
        visibility[self._covered] = self._triangle_visibility(mesh)[self._triangle] * inside
        return FrontalView(pixels.astype(np.uint8), visibility)

    def _triangle_visibility(self, mesh: Mesh) -> NDArray[np.float32]:
        """Return how well each triangle is visible, ``(T,)``, 0..1."""
        corners = mesh[self._triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        cosine = normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-9)
        visibility: NDArray[np.float32] = np.clip((cosine - _HIDDEN) / (_VISIBLE - _HIDDEN), 0, 1)
        return visibility
