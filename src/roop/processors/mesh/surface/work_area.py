"""Where on a frame a face is worked on: a box of pixels, drawn in a bounded size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import OVAL
from roop.geometry import bounds
from roop.types import Box, Frame, Mesh, Pixels

_GRID = 96
"""Longer side of the grid, pixels. Geometry, light and mask are worked out on it, so that their
cost does not grow with the face."""

_LARGEST = 560
"""Longer side of the picture that the new face is drawn in, pixels. Faces larger than that are
drawn smaller and enlarged: a source photo rarely shows more."""

_MARGIN = 0.08
"""Room around the outline, as a share of the face's width: as far as its soft border reaches."""


@dataclass(frozen=True, slots=True)
class WorkArea:
    """A box of the frame, the size that it is worked on in, and its grid."""

    box: Box
    size: tuple[int, int]
    """(width, height) of the picture to draw, at most the box's."""
    grid: tuple[int, int]
    """(width, height), at most the picture's."""

    def cut(self, frame: Frame) -> Pixels:
        """Return the box of the frame as a picture."""
        if self.size == (self.box.width, self.box.height):
            return frame.crop(self.box)
        return self._resized(frame.thumbnail(max(self.size), self.box), self.size)

    def paste(self, frame: Frame, pixels: Pixels, alpha: NDArray[np.float32]) -> None:
        """Put a picture back into the frame.

        Args:
            frame: Where to.
            pixels: ``(H, W, 3)``: the picture.
            alpha: ``(h, w)``: on the grid, how much of it to show, 0..1.
        """
        size = self.box.width, self.box.height
        fine = cv2.resize(np.rint(alpha * 65280).astype(np.uint16), size)
        frame.paste(
            self.box, pixels, np.asarray(cv2.convertScaleAbs(fine, alpha=1 / 256), np.uint8)
        )

    def on_picture(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``(N, 3)`` points of the frame as points of the picture."""
        return self._moved(points, self.size)

    def on_grid(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``(N, 3)`` points of the frame as points of the grid."""
        return self._moved(points, self.grid)

    def _moved(self, points: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        x, y = size[0] / self.box.width, size[1] / self.box.height
        shift = (0.5 - self.box.x0) * x - 0.5, (0.5 - self.box.y0) * y - 0.5, 0
        return points * np.array([x, y, x], np.float32) + np.array(shift, np.float32)

    def _resized(self, picture: Pixels, size: tuple[int, int]) -> Pixels:
        # Halving first takes a seventh of the time of a mean over any other number of pixels.
        while picture.shape[1] >= 2 * size[0] and picture.shape[0] >= 2 * size[1]:
            rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
            even = picture[: 2 * rows, : 2 * columns]
            picture = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
        if picture.shape[1::-1] == size:
            return picture
        resized: Pixels = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        return resized

    def shrunk(self, picture: Pixels) -> Pixels:
        """Return a picture at the size of the grid."""
        return self._resized(picture, self.grid)

    def enlarged(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a field of the grid, or two ``(2, H, W)``, at the size of the picture."""
        if self.grid == self.size:
            return field
        if field.shape[0] == 2:
            return np.stack([self.enlarged(part) for part in field])
        large: NDArray[np.float32] = cv2.resize(field, self.size, interpolation=cv2.INTER_LINEAR)
        return large


def work_area(mesh: Mesh, size: tuple[int, int]) -> WorkArea | None:
    """Return the place of a face on a frame of ``size`` (width, height); None if it is outside."""
    margin = 2 + _MARGIN * float(np.ptp(mesh[:, 0]))
    box = bounds(mesh[list(OVAL), :2], margin=margin).evened().clipped(size)
    if min(box.width, box.height) < 4:
        return None
    size = _at_most((box.width, box.height), _LARGEST)
    return WorkArea(box, size, _at_most(size, _GRID))


def _at_most(size: tuple[int, int], side: int) -> tuple[int, int]:
    zoom = min(1.0, side / max(size))
    return max(round(size[0] * zoom), 2), max(round(size[1] * zoom), 2)
