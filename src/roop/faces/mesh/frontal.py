"""Show any face as if it looked at the camera: every mesh on the same small picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import Topology
from roop.geometry import barycentric, bounds
from roop.types import Frame, Mesh, Pixels

SIZE = (64, 72)
"""(width, height) of the picture, pixels."""

_LEFT, _TOP, _RIGHT, _BOTTOM = -0.95, -0.62, 0.95, 1.55
"""What of the mean face it shows, in eye distances from the middle between the eyes."""

_HIDDEN, _SEEN = 0.15, 0.5
"""Cosine between the view and a triangle's normal at which the frame shows none / enough of it."""

_DETAIL = 2
"""A face is read with at most so many pixels for one of the picture: more would alias."""

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class FrontalView:
    """A face seen from the front, whatever its expression and turn."""

    pixels: Pixels
    """``(72, 64, 3)``; beyond the face it means nothing."""
    seen: NDArray[np.float32]
    """``(72, 64)``, 0..1: how well the frame shows this bit of skin; 0 beyond the face."""


class Frontaliser:
    """Lays faces on the mean face of the topology, point on point."""

    def __init__(self, topology: Topology) -> None:
        self._triangles = topology.triangles
        width, height = SIZE
        zoom = np.array([width / (_RIGHT - _LEFT), height / (_BOTTOM - _TOP)])
        flat = (topology.mean[:, :2] - [_LEFT, _TOP]) * zoom - 0.5
        shown = np.full((height, width), -1, np.int32)
        depth = topology.mean[topology.triangles, 2].mean(axis=1)
        corners = np.rint(flat[topology.triangles] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for number in np.argsort(-depth):
            cv2.fillConvexPoly(shown, corners[number], int(number), cv2.LINE_8, _SUBPIXEL_BITS)
        self._covered = shown >= 0
        self._triangle = shown[self._covered]
        rows, columns = np.nonzero(self._covered)
        self._corners = topology.triangles[self._triangle]
        self._shares = barycentric(flat[self._corners], np.stack([columns, rows], axis=1))

    def show(self, frame: Frame, mesh: Mesh) -> FrontalView:
        """Return the face under ``mesh`` from the front."""
        width, height = SIZE
        seen = np.zeros((height, width), np.float32)
        box = bounds(mesh[:, :2], margin=2).evened().clipped(frame.size)
        if box.width < 2 or box.height < 2:
            return FrontalView(np.zeros((height, width, 3), np.uint8), seen)
        part = frame.thumbnail(_DETAIL * max(SIZE), box)
        zoom = np.array([part.shape[1] / box.width, part.shape[0] / box.height], np.float32)
        points = (mesh[:, :2] + 0.5 - np.array([box.x0, box.y0], np.float32)) * zoom - 0.5
        places = (points[self._corners] * self._shares[..., None]).sum(axis=1)
        maps = np.full((2, height, width), -1, np.float32)
        maps[:, self._covered] = places.T
        border = cv2.BORDER_REPLICATE
        pixels = cv2.remap(part, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=border)
        inside = ((places >= 0) & (places <= [part.shape[1] - 1, part.shape[0] - 1])).all(axis=1)
        seen[self._covered] = self._facing(mesh)[self._triangle] * inside
        return FrontalView(pixels.astype(np.uint8), seen)

    def _facing(self, mesh: Mesh) -> NDArray[np.float32]:
        """Return of each triangle how well it is seen, 0..1."""
        corners = mesh[self._triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        cosine = normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-9)
        facing: NDArray[np.float32] = np.clip((cosine - _HIDDEN) / (_SEEN - _HIDDEN), 0, 1)
        return facing
