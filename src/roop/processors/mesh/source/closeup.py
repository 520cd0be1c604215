"""Draw eyes and mouth at full resolution: where the surface opens, the grid is too coarse."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import Indices
from roop.geometry import bounds
from roop.processors.mesh.source.atlas import AtlasMixture
from roop.processors.mesh.surface.regions import Weights
from roop.processors.mesh.surface.surface import (
    RenderedMesh,
    Surface,
    Vertices,
    blurred,
    render,
    weights_per_pixel,
)
from roop.types import Box, Pixels

_MARGIN = 0.025
"""Margin around the points for what the grid blurs, as a share of the face's width."""


@dataclass(frozen=True, slots=True, eq=False)
class CloseUp:
    """A part of the surface, rendered on a part of the image."""

    surface: Surface
    triangles: Indices
    """The triangles that are rendered."""
    box: Box
    """The part of the image."""
    vertices: Vertices
    """``(N, 3)``: the surface's points in pixels of the box."""
    rendered: RenderedMesh
    width: float
    """Width of the face, pixels."""

    def draw_onto(self, image: Pixels, atlas: AtlasMixture) -> None:
        """Draw this part of ``atlas`` onto the image, ``(H, W, 3)``."""
        part = image[self.box.rows, self.box.columns]
        covered = (self.rendered.triangle_map >= 0).astype(np.uint8)
        cv2.copyTo(atlas.sample(self.rendered.coordinates, self.width), covered, part)

    def soft_weights(self, weights: Weights, sigma: float) -> NDArray[np.float32]:
        """Return a region's weights, ``(H, W)`` of the box, blurred by ``sigma`` face widths."""
        return blurred(weights_per_pixel(self.rendered.triangle_map, weights), sigma * self.width)

    def source_coordinates(self, previous_vertices: Vertices, part: Box) -> NDArray[np.float32]:
        """Return where pixels were while the surface was elsewhere: ``(2, H, W)``, x and y.

        Args:
            previous_vertices: ``(N, 3)``: where it was, in pixels of the image.
            part: Part of the box, in the box's pixels.
        """
        vertices = self.vertices - np.array([part.x0, part.y0, 0], np.float32)
        back = self.surface.texture_coordinates(previous_vertices)
        size = (part.width, part.height)
        return render(self.surface, vertices, back, size, self.triangles).coordinates


class CloseUpMaker:
    """Renders the part of a surface around some of its points.

    Args:
        surface: The surface.
        points: Numbers of the points.
    """

    def __init__(self, surface: Surface, points: Sequence[int]) -> None:
        self._surface = surface
        self._points = list(points)
        self._triangles = surface.around(points)

    def make(
        self, vertices: Vertices, width: float, atlas: AtlasMixture, size: tuple[int, int]
    ) -> CloseUp | None:
        """Render the part; None if it lies outside the image.

        Args:
            vertices: ``(N, 3)``: the surface's points in pixels of the image.
            width: Width of the face, pixels.
            atlas: The texture to draw later.
            size: (width, height) of the image.
        """
        box = bounds(vertices[self._points, :2], margin=_MARGIN * width).clipped(size)
        if not box.width or not box.height:
            return None
        moved = vertices - np.array([box.x0, box.y0, 0], np.float32)
        part = (box.width, box.height)
        rendered = render(self._surface, moved, atlas.texture_coordinates, part, self._triangles)
        return CloseUp(self._surface, self._triangles, box, moved, rendered, width)
