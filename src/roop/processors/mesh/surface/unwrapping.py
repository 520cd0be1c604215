"""Unwrap target faces into a small layout, in which a pixel is the same skin in every frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import OVAL
from roop.geometry import barycentric
from roop.processors.mesh.surface.regions import Regions, Weights
from roop.processors.mesh.surface.surface import Surface, Vertices, render, weights_per_pixel
from roop.types import Pixels

_WIDTH = 48
"""Width of the layout, pixels: about half of the grid's."""

_BELOW_EYES, _LIPS = [119, 348], [13, 14]
"""Points below the eyes and in the middle of the lips."""

_HIDDEN, _VISIBLE = 0.15, 0.45
"""Cosine between the line of sight and a triangle's normal up to which the frame shows nothing of
the triangle, and from which it shows enough."""


@dataclass(frozen=True, slots=True, eq=False)
class UnwrappedFace:
    """The face of one frame in the layout."""

    pixels: Pixels
    """``(H, W, 3)``; undefined outside the face."""
    visibility: NDArray[np.float32]
    """``(H, W)``, 0..1: how well the frame shows this bit of skin; 0 outside the face."""


class Unwrapper:
    """Unwraps faces, point by point."""

    def __init__(self, surface: Surface, regions: Regions) -> None:
        outline = surface.flat[list(OVAL)]
        self._flat: Vertices = (surface.flat - outline.min(axis=0)) * (_WIDTH - 1)
        self.size = (_WIDTH, int(np.ptp(outline[:, 1]) * (_WIDTH - 1)) + 2)
        self.rows_below_eyes = int(self._flat[_BELOW_EYES, 1].mean())
        """Row of the layout where the cheeks begin."""
        self.middle_of_mouth = (int(self._flat[_LIPS, 1].mean()), int(self._flat[_LIPS, 0].mean()))
        """Row and column in the layout."""
        self._surface = surface
        self._texture_coordinates = surface.texture_coordinates(self._flat)
        self._triangle_map = render(
            surface, self._flat, self._texture_coordinates, self.size
        ).triangle_map
        inside = weights_per_pixel(self._triangle_map, (regions.inside > 0).astype(np.float32))
        self.inside = cv2.erode(inside, np.ones((3, 3)), borderValue=0)
        """``(H, W)``: 1 inside the face's outline, 0 beyond."""
        self.skin = self.layout_weights(regions.skin)
        """``(H, W)``: 1 where there is plain skin."""
        covered = self.inside > 0
        self._covered = np.flatnonzero(covered)
        self._triangle_map_inside = np.where(covered, self._triangle_map, -1)
        rows, columns = np.nonzero(covered)
        corners = surface.triangles[self._triangle_map[covered]]
        barycentric_weights = barycentric(self._flat[corners], np.stack([columns, rows], axis=1))
        self._corners = np.ascontiguousarray(corners.T)
        self._weights = np.ascontiguousarray(barycentric_weights.T)[..., None]

    def layout_weights(self, weights: Weights) -> NDArray[np.float32]:
        """Return the weights of the surface's triangles in the layout, 0 outside the face."""
        result: NDArray[np.float32] = weights_per_pixel(self._triangle_map, weights) * self.inside
        return result

    def unwrap(self, image: Pixels, vertices: Vertices) -> UnwrappedFace:
        """Unwrap a face.

        Args:
            image: ``(H, W, 3)`` RGB.
            vertices: ``(N, 3)``: the surface's points in ``image``; z has the same scale as x.
        """
        width, height = self.size
        flat = vertices[:, :2]
        a, b, c = (
            flat.take(corners, axis=0) * weight
            for corners, weight in zip(self._corners, self._weights, strict=True)
        )
        coordinates = np.full((2, height * width), -1, np.float32)
        coordinates[:, self._covered] = (a + b + c).T
        x, y = coordinates.reshape(2, height, width)
        border = cv2.BORDER_REPLICATE
        pixels: Pixels = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=border)
        within = (x >= 0) & (y >= 0) & (x < image.shape[1]) & (y < image.shape[0])
        return UnwrappedFace(pixels, self._visibility(vertices) * within)

    def layout_positions(self, vertices: Vertices, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the position in the layout of each pixel of an image: ``(2, H, W)``."""
        return render(self._surface, vertices, self._texture_coordinates, size).coordinates

    def _visibility(self, vertices: Vertices) -> NDArray[np.float32]:
        corners = vertices.take(self._surface.triangles, axis=0)
        (ax, ay, az), (bx, by, bz) = (corners[:, i].T - corners[:, 0].T for i in (1, 2))
        x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        cosine = z / np.sqrt(x * x + y * y + z * z + np.float32(1e-9))
        facing = np.zeros(len(cosine) + 1, np.float32)
        facing[:-1] = (cosine - _HIDDEN) / (_VISIBLE - _HIDDEN)
        return weights_per_pixel(self._triangle_map_inside, np.minimum(np.maximum(facing, 0), 1))
