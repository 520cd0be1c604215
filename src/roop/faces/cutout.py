"""Cut aligned crops of faces out of a frame, and paste them back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import five_points
from roop.geometry import Matrix, align, bounds, transform
from roop.types import Box, Frame, Mesh, Pixels, Points, Shades

Crops = NDArray[np.uint8]
"""``(N, S, S, 3)`` RGB."""

Mask = NDArray[np.float32]
"""``(S, S)``, 0..1: the opacity of each pixel of a crop."""

_COARSEST = 4.0
"""Pixels of the frame per pixel of the crop above which the frame is downscaled first. Up to there
crops are those of insightface; beyond, interpolation between four pixels would flicker."""

_TWICE = 3.0
"""Pixels of the frame per pixel of the crop up to which a crop is upscaled by 2 before it is
interpolated linearly; beyond, it is upscaled by 4."""

_FINE = 2.0
"""Pixels of the downscaled frame per pixel of the crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A square of a frame, rotated and scaled so that the face in it is aligned."""

    to_crop: Matrix
    """From the frame to the crop."""
    side: int
    """Width and height of the crop, pixels."""
    box: Box
    """The part of the frame under the square."""

    @property
    def zoom(self) -> float:
        """Pixels of the frame per pixel of the crop."""
        return _zoom(self.to_crop)

    def cut(self, frame: Frame) -> Pixels:
        """Return the aligned ``(side, side, 3)`` crop, black beyond the frame's edge."""
        zoom = self.zoom
        if zoom <= _COARSEST:
            part = frame.crop(self.box)
        else:
            longer = max(self.box.width, self.box.height)
            part = frame.thumbnail(round(longer * _FINE / zoom), self.box)
        scale = part.shape[1] / self.box.width, part.shape[0] / self.box.height
        to_crop = self._from_part(*scale)
        crop: Pixels = cv2.warpAffine(part, to_crop, (self.side, self.side), flags=cv2.INTER_LINEAR)
        return crop

    def paste(self, frame: Frame, crop: Pixels, mask: Mask, *, opacity: float = 1.0) -> None:
        """Paste ``crop`` back where it was cut.

        Args:
            frame: The frame to change.
            crop: ``(side, side, 3)``.
            mask: ``(side, side)``: where it is 0 the frame keeps its samples.
            opacity: Factor on the mask, 0..1.
        """
        size = self.box.width, self.box.height
        to_part = cv2.invertAffineTransform(self._from_part(1, 1))
        warped = cv2.warpAffine(mask * (255 * opacity), to_part, size, flags=cv2.INTER_LINEAR)
        alpha = np.rint(warped).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(alpha)
        if not width:
            return
        inside = Box(x, y, x + width, y + height)
        to_part[:, 2] -= x, y
        pixels = _warped(crop, to_part, (width, height), zoom=self.zoom)
        box = Box(
            self.box.x0 + x, self.box.y0 + y, self.box.x0 + x + width, self.box.y0 + y + height
        )
        frame.paste(box, pixels, np.ascontiguousarray(alpha[inside.rows, inside.columns]))

    def shade(self, frame: Frame, steps: Shades) -> None:
        """Make the frame lighter or darker under the crop.

        Args:
            frame: The frame to change; it keeps its samples where ``steps`` is 0.
            steps: ``(side, side)``: added to the brightness.
        """
        size = self.box.width, self.box.height
        to_part = cv2.invertAffineTransform(self._from_part(1, 1))
        frame.shade(self.box, cv2.warpAffine(steps, to_part, size, flags=cv2.INTER_LINEAR))

    def points(self, mesh: Mesh) -> Points:
        """Return the ``(468, 2)`` points of the mesh on the crop."""
        return transform(self.to_crop, mesh[:, :2])

    def _from_part(self, zoom_x: float, zoom_y: float) -> Matrix:
        """Return the affine to the crop from the box, resized by ``zoom``."""
        zoom = np.array([zoom_x, zoom_y])
        linear = self.to_crop[:, :2] / zoom
        # Pixel 0 of the resized box lies at the centre of the pixels it was made of.
        origin = np.array([self.box.x0, self.box.y0]) + (0.5 / zoom - 0.5)
        return np.column_stack([linear, self.to_crop[:, :2] @ origin + self.to_crop[:, 2]])


def make_cutout(mesh: Mesh, size: tuple[int, int], *, template: str, side: int) -> Cutout | None:
    """Return the cutout of a face.

    Args:
        mesh: The mesh of the face.
        size: (width, height) of the frame.
        template: A key of ``roop.geometry.TEMPLATES``.
        side: Width and height of the crop, pixels.

    Returns:
        None if the face lies outside the frame.
    """
    to_crop = align(five_points(mesh), template, side)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float32)
    to_frame = cv2.invertAffineTransform(to_crop)
    around = bounds(transform(to_frame, corners), margin=1 + _zoom(to_crop))
    box = around.evened().clipped(size)
    return Cutout(to_crop, side, box) if min(box.width, box.height) > 1 else None


def _warped(crop: Pixels, to_part: Matrix, size: tuple[int, int], *, zoom: float) -> Pixels:
    """Warp a crop into a part of the frame, with cubic interpolation.

    A crop that is enlarged is upscaled first, without rotation, by cubic interpolation, then
    warped linearly in four channels: this takes a third of the time of OpenCV's cubic warp.
    """
    if zoom <= 1:
        return np.asarray(cv2.warpAffine(crop, to_part, size, flags=cv2.INTER_CUBIC), np.uint8)
    times = 2 if zoom <= _TWICE else 4
    large = cv2.resize(crop, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    to_part = to_part.copy()
    to_part[:, 2] -= to_part[:, :2].sum(axis=1) * ((times - 1) / 2 / times)
    to_part[:, :2] /= times
    padded = cv2.cvtColor(large, cv2.COLOR_RGB2RGBA)
    warped = cv2.warpAffine(padded, to_part, size, flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), np.uint8)


def _zoom(to_crop: Matrix) -> float:
    """Return how many pixels of the frame a pixel of the crop is wide."""
    return 1 / float(np.hypot(*to_crop[:, 0]))
