"""Where on a frame a face is worked on: a box of pixels and a coarser grid over it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.topology import OVAL
from roop.geometry import bounds
from roop.types import Box, Mesh, Pixels

_GRID = 128
"""Longer side of the grid, pixels. Geometry, light and mask are worked out on it, so that their
cost does not grow with the face."""

_MARGIN = 0.1
"""Room around the outline, as a share of the face's width."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box of the frame and its grid."""

    box: Box
    grid: tuple[int, int]
    """(width, height), at most the box's."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the box."""
        return self.box.width, self.box.height

    def in_box(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return points of the frame as points of the box."""
        moved = points.copy()
        moved[:, :2] -= (self.box.x0, self.box.y0)
        return moved

    def on_grid(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return points of the frame as points of the grid."""
        moved = self.in_box(points)
        zoom = np.array(self.grid, np.float32) / np.array(self.size, np.float32)
        moved[:, :2] = (moved[:, :2] + 0.5) * zoom - 0.5
        return moved

    def box_of(self, grid: Box) -> Box:
        """Return the part of the box, in its own pixels, that a part of the grid covers."""
        (width, height), (columns, rows) = self.size, self.grid
        return Box(
            grid.x0 * width // columns,
            grid.y0 * height // rows,
            -(-grid.x1 * width // columns),
            -(-grid.y1 * height // rows),
        )

    def shrunk(self, picture: Pixels) -> Pixels:
        """Return a picture of the box at the size of the grid."""
        small: Pixels = cv2.resize(picture, self.grid, interpolation=cv2.INTER_AREA)
        return small

    def enlarged(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a field of the grid, or two ``(2, H, W)``, at the size of the box."""
        if self.grid == self.size:
            return field
        if field.shape[0] == 2:
            return np.stack([self.enlarged(part) for part in field])
        large: NDArray[np.float32] = cv2.resize(field, self.size, interpolation=cv2.INTER_LINEAR)
        return large


def place_of(mesh: Mesh, size: tuple[int, int]) -> Place | None:
    """Return the place of a face on a frame of ``size`` (width, height); None if it is outside."""
    margin = 2 + _MARGIN * float(np.ptp(mesh[:, 0]))
    box = bounds(mesh[list(OVAL), :2], margin=margin).clipped(size)
    if min(box.width, box.height) < 4:
        return None
    zoom = min(1.0, _GRID / max(box.width, box.height))
    return Place(box, (max(round(box.width * zoom), 2), max(round(box.height * zoom), 2)))
