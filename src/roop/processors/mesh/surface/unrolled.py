"""The target's face laid out flat and small: the same bit of skin in the same place every frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import OVAL
from roop.geometry import barycentric
from roop.processors.mesh.surface.regions import Regions, Weights
from roop.processors.mesh.surface.surface import Surface, Vertices, draw, paint
from roop.types import Pixels

_WIDTH = 48
"""Of the layout, pixels: about one for two of the grid that a face is worked on in."""

_HIDDEN, _SEEN = 0.15, 0.45
"""Cosine between the view and a triangle's normal at which the frame shows none / enough of it."""


@dataclass(frozen=True, slots=True, eq=False)
class UnwrappedFace:
    """One frame's face."""

    pixels: Pixels
    """``(H, W, 3)``; beyond the face it means nothing."""
    seen: NDArray[np.float32]
    """``(H, W)``, 0..1: how well the frame shows this bit of skin; 0 beyond the face."""


class Unwrapper:
    """Lays faces out flat, point on point."""

    def __init__(self, surface: Surface, regions: Regions) -> None:
        outline = surface.flat[list(OVAL)]
        self._flat: Vertices = (surface.flat - outline.min(axis=0)) * (_WIDTH - 1)
        self.size = (_WIDTH, int(np.ptp(outline[:, 1]) * (_WIDTH - 1)) + 2)
        self._surface = surface
        self._ends = surface.ends(self._flat)
        self._shown = draw(surface, self._flat, self._ends, self.size).shown
        inside = paint(self._shown, (regions.inside > 0).astype(np.float32))
        self.inside = cv2.erode(inside, np.ones((3, 3)), borderValue=0)
        """``(H, W)``: 1 inside the face's outline, 0 beyond."""
        self.skin = self.painted(regions.skin)
        """``(H, W)``: 1 where there is plain skin."""
        covered = self.inside > 0
        self._covered = np.flatnonzero(covered)
        self._shown_inside = np.where(covered, self._shown, -1)
        rows, columns = np.nonzero(covered)
        corners = surface.triangles[self._shown[covered]]
        shares = barycentric(self._flat[corners], np.stack([columns, rows], axis=1))
        self._corners = np.ascontiguousarray(corners.T)
        self._shares = np.ascontiguousarray(shares.T)[..., None]

    def painted(self, weights: Weights) -> NDArray[np.float32]:
        """Return the weights of the surface's triangles in the layout, 0 beyond the face."""
        painted: NDArray[np.float32] = paint(self._shown, weights) * self.inside
        return painted

    def unroll(self, picture: Pixels, vertices: Vertices) -> UnwrappedFace:
        """Lay a face out flat.

        Args:
            picture: ``(H, W, 3)`` RGB.
            vertices: ``(N, 3)``: where the surface's points lie in ``picture``; what lies deeper
                by as much as it is wide has that much larger a z.
        """
        width, height = self.size
        flat = vertices[:, :2]
        a, b, c = (
            flat.take(corners, axis=0) * share
            for corners, share in zip(self._corners, self._shares, strict=True)
        )
        places = np.full((2, height * width), -1, np.float32)
        places[:, self._covered] = (a + b + c).T
        x, y = places.reshape(2, height, width)
        border = cv2.BORDER_REPLICATE
        pixels: Pixels = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border)
        within = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
        return UnwrappedFace(pixels, self._seen(vertices) * within)

    def rolled(self, vertices: Vertices, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return where each pixel of a picture of ``size`` lies in the layout: ``(2, H, W)``."""
        return draw(self._surface, vertices, self._ends, size).places

    def _seen(self, vertices: Vertices) -> NDArray[np.float32]:
        corners = vertices.take(self._surface.triangles, axis=0)
        (ax, ay, az), (bx, by, bz) = (corners[:, i].T - corners[:, 0].T for i in (1, 2))
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        cosine = z / np.sqrt(x * x + y * y + z * z + np.float32(1e-9))
        facing = np.zeros(len(cosine) + 1, np.float32)
        facing[:-1] = (cosine - _HIDDEN) / (_SEEN - _HIDDEN)
        return paint(self._shown_inside, np.minimum(np.maximum(facing, 0), 1))
