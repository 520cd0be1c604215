"""Eyes and mouth drawn pixel by pixel: where the surface opens, the grid is too coarse."""

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
    draw,
    paint,
    softened,
)
from roop.types import Box, Pixels

_MARGIN = 0.025
"""Room around the points for what the grid smears, as a share of the face's width."""


@dataclass(frozen=True, slots=True, eq=False)
class CloseUp:
    """A part of the surface drawn on a part of the picture."""

    surface: Surface
    triangles: Indices
    """Those that are drawn."""
    box: Box
    """The part of the picture."""
    vertices: Vertices
    """``(N, 3)``: where the surface's points lie in the box."""
    drawing: RenderedMesh
    width: float
    """Of the face, pixels."""

    def show(self, picture: Pixels, atlas: AtlasMixture) -> None:
        """Draw what ``atlas`` shows over the picture, ``(H, W, 3)``."""
        part = picture[self.box.rows, self.box.columns]
        covered = (self.drawing.shown >= 0).astype(np.uint8)
        cv2.copyTo(atlas.sample(self.drawing.places, self.width), covered, part)

    def soft(self, weights: Weights, sigma: float) -> NDArray[np.float32]:
        """Paint a region with a border of ``sigma`` face widths: ``(H, W)`` of the box."""
        return softened(paint(self.drawing.shown, weights), sigma * self.width)

    def moved_back(self, was: Vertices, part: Box) -> NDArray[np.float32]:
        """Return where pixels were if the surface was at ``was``: ``(2, H, W)``, x and y.

        Args:
            was: ``(N, 3)``, in the picture.
            part: Of the box, in its own pixels.
        """
        vertices = self.vertices - np.array([part.x0, part.y0, 0], np.float32)
        back = self.surface.ends(was)
        size = (part.width, part.height)
        return draw(self.surface, vertices, back, size, self.triangles).places


class CloseUpMaker:
    """Draws the part of a surface that is around some of its points.

    Args:
        surface: What is drawn.
        points: Around which.
    """

    def __init__(self, surface: Surface, points: Sequence[int]) -> None:
        self._surface = surface
        self._points = list(points)
        self._triangles = surface.around(points)

    def make(
        self, vertices: Vertices, width: float, atlas: AtlasMixture, size: tuple[int, int]
    ) -> CloseUp | None:
        """Draw it; None if it lies outside the picture.

        Args:
            vertices: ``(N, 3)``: where the surface's points lie in the picture.
            width: Of the face, pixels.
            atlas: What is going to be shown.
            size: (width, height) of the picture.
        """
        box = bounds(vertices[self._points, :2], margin=_MARGIN * width).clipped(size)
        if not box.width or not box.height:
            return None
        moved = vertices - np.array([box.x0, box.y0, 0], np.float32)
        part = (box.width, box.height)
        drawing = draw(self._surface, moved, atlas.ends, part, self._triangles)
        return CloseUp(self._surface, self._triangles, box, moved, drawing, width)
