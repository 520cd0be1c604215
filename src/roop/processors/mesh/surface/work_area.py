"""The part of a frame in which a face is swapped, at a bounded resolution."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import OVAL
from roop.geometry import bounds
from roop.types import Box, Frame, Mesh, Pixels

_GRID_SIDE = 96
"""Longer side of the grid, pixels. Geometry, light and mask are computed on it, so that their cost
does not grow with the face."""

_MAX_SIDE = 560
"""Longer side of the working image, pixels. Larger faces are drawn at this size and upscaled: a
source photo rarely shows more detail."""

_MARGIN = 0.08
"""Margin around the outline, as a share of the face's width: the reach of the soft border."""


@dataclass(frozen=True, slots=True)
class WorkArea:
    """A box of the frame, with the sizes of its working image and its grid."""

    box: Box
    size: tuple[int, int]
    """(width, height) of the working image, at most the box's."""
    grid: tuple[int, int]
    """(width, height), at most the working image's."""

    def cut(self, frame: Frame) -> Pixels:
        """Return the working image of a frame."""
        if self.size == (self.box.width, self.box.height):
            return frame.crop(self.box)
        return self._resized(frame.thumbnail(max(self.size), self.box), self.size)

    def paste(self, frame: Frame, pixels: Pixels, alpha: NDArray[np.float32]) -> None:
        """Paste a working image into the frame.

        Args:
            frame: The frame to change.
            pixels: ``(H, W, 3)``: the working image.
            alpha: ``(h, w)``, 0..1: its opacity, on the grid.
        """
        size = self.box.width, self.box.height
        fine = cv2.resize(np.rint(alpha * 65280).astype(np.uint16), size)
        frame.paste(
            self.box, pixels, np.asarray(cv2.convertScaleAbs(fine, alpha=1 / 256), np.uint8)
        )

    def to_image(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map ``(N, 3)`` points of the frame to the working image."""
        return self._mapped(points, self.size)

    def to_grid(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map ``(N, 3)`` points of the frame to the grid."""
        return self._mapped(points, self.grid)

    def _mapped(self, points: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        x, y = size[0] / self.box.width, size[1] / self.box.height
        shift = (0.5 - self.box.x0) * x - 0.5, (0.5 - self.box.y0) * y - 0.5, 0
        return points * np.array([x, y, x], np.float32) + np.array(shift, np.float32)

    def _resized(self, image: Pixels, size: tuple[int, int]) -> Pixels:
        # Halving first takes a seventh of the time of averaging any other number of pixels.
        while image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1]:
            rows, columns = image.shape[0] // 2, image.shape[1] // 2
            even = image[: 2 * rows, : 2 * columns]
            image = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
        if image.shape[1::-1] == size:
            return image
        resized: Pixels = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        return resized

    def shrink_to_grid(self, image: Pixels) -> Pixels:
        """Resize a working image to the grid."""
        return self._resized(image, self.grid)

    def enlarge_from_grid(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resize a field of the grid, or two as ``(2, H, W)``, to the working image."""
        if self.grid == self.size:
            return field
        if field.shape[0] == 2:
            return np.stack([self.enlarge_from_grid(part) for part in field])
        large: NDArray[np.float32] = cv2.resize(field, self.size, interpolation=cv2.INTER_LINEAR)
        return large


def work_area(mesh: Mesh, size: tuple[int, int]) -> WorkArea | None:
    """Return a face's work area in a frame of ``size`` (width, height); None if it is outside."""
    margin = 2 + _MARGIN * float(np.ptp(mesh[:, 0]))
    box = bounds(mesh[list(OVAL), :2], margin=margin).evened().clipped(size)
    if min(box.width, box.height) < 4:
        return None
    size = _fit_within((box.width, box.height), _MAX_SIDE)
    return WorkArea(box, size, _fit_within(size, _GRID_SIDE))


def _fit_within(size: tuple[int, int], side: int) -> tuple[int, int]:
    zoom = min(1.0, side / max(size))
    return max(round(size[0] * zoom), 2), max(round(size[1] * zoom), 2)
