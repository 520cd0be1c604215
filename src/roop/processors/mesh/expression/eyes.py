"""Measure where the eyes look, and make the source's eyes look the same way."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import LEFT_EYE, RIGHT_EYE
from roop.types import Pixels, Points

_EYES = ((RIGHT_EYE, 33, 133), (LEFT_EYE, 362, 263))
"""Border, left and right corner (as the camera sees them) of the person's right and left eye."""

_PATCH = (48, 32)
"""(width, height) of the image of one eye, pixels; the corners lie on its horizontal centre line.
"""

_IRIS = 0.2
"""Radius of an iris, in eye widths (distances between the corners of an eye)."""

_INNER = slice(8, 40)
"""Columns of the image without the corners, where skin would pass for the white of the eye."""

_COLUMN, _BESIDE, _MARGIN = 2.0, 3, 6
"""Columns over which lightness is averaged, between an iris and its whites, and between the iris
and the first and last of the inner columns."""

_MEMORY = 0.5
"""Weight of the previous frame's gaze in this one's."""

_MAX_SQUINT = 0.25
"""Both eyes look the same way: if their shifts differ by more, they are ignored."""

_MAX_SHIFT = 0.2
"""Most that an iris is moved, in eye widths."""

_VERTICAL_SHARE = 0.5
"""Share of the vertical gaze that is followed: lashes blur it."""

Gaze = NDArray[np.float32]
"""``(2, 2)``: for the right and the left eye, the offset of the iris from the middle between the
corners, along the line through the corners and across it, in eye widths."""

Pair = NDArray[np.float32]
"""``(2,)``: of the right and the left eye."""


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """Measurements between the lids."""

    gaze: Gaze
    darkness: Pair
    """How much darker than the mean the darkest spot of an iris's size is, as a share of the mean
    lightness: 0.15 and more where an iris is visible, unless there is little light."""
    contrast: Pair
    """How much darker the iris is than the whites beside it, as a share of the mean lightness:
    about 0.4 in good light, 0 and less where the lids are shut."""


def measure_eyes(pixels: Pixels, points: Points) -> Eyes:
    """Measure both eyes.

    Args:
        pixels: ``(H, W, 3)`` RGB with both eyes.
        points: ``(N, 2)``: the mesh in ``pixels``.
    """
    measured = np.array([_measure_eye(pixels, points, *eye) for eye in _EYES], np.float32)
    return Eyes(measured[:, :2], measured[:, 2], measured[:, 3])


class GazeMatch:
    """Moves the irises of one target face's swaps."""

    def __init__(self) -> None:
        self._shift = np.zeros(2, np.float32)

    def update(self, source: Gaze, target: Gaze) -> None:
        """Take a frame's gaze into account; both eyes are moved alike.

        Eyes that seem to squint are shut or hidden, so the previous gaze is kept.
        """
        off = target - source
        if abs(float(off[0, 0] - off[1, 0])) > _MAX_SQUINT:
            return
        shift = np.clip(off.mean(axis=0) * (1, _VERTICAL_SHARE), -_MAX_SHIFT, _MAX_SHIFT)
        self._shift = (_MEMORY * self._shift + (1 - _MEMORY) * shift).astype(np.float32)

    def apply(
        self, coordinates: NDArray[np.float32], eyes: NDArray[np.float32], vertices: Points
    ) -> None:
        """Change the source coordinates of the pixels between the lids.

        Args:
            coordinates: ``(2, H, W)``: x and y in the source's image; changed in place.
            eyes: ``(H, W)``: 1 between the lids.
            vertices: ``(N, 2)``: the mesh in the source's image.
        """
        x0, y0, width, height = cv2.boundingRect((eyes > 0).view(np.uint8))
        if not width:
            return
        part = np.s_[y0 : y0 + height, x0 : x0 + width]
        x, y = coordinates[0][part], coordinates[1][part]
        dx, dy = self._shift
        for _, left, right in _EYES:
            along = vertices[right, :2] - vertices[left, :2]
            middle = (vertices[left, :2] + vertices[right, :2]) / 2
            position = ((x - middle[0]) * along[0] + (y - middle[1]) * along[1]) / (along @ along)
            push = eyes[part] * np.clip(1 - 4 * position * position, 0, 1)  # the corners stay
            x -= push * (dx * along[0] - dy * along[1])
            y -= push * (dx * along[1] + dy * along[0])


def _measure_eye(
    pixels: Pixels,
    points: Points,
    border: tuple[int, ...],
    left: int,
    right: int,
) -> tuple[float, float, float, float]:
    """Return the gaze (x, y), darkness and contrast of one eye.

    The iris is the darkest spot of its size.
    """
    width, height = _PATCH
    a, b = points[left, :2], points[right, :2]
    along = (b - a) / (width * 0.8)
    across = np.array([-along[1], along[0]])
    start = (a + b) / 2 - along * (width - 1) / 2 - across * (height - 1) / 2
    to_pixels = np.stack([along, across, start], axis=1).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(pixels, to_pixels, _PATCH, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inverse = cv2.invertAffineTransform(to_pixels)
    lids = points[list(border), :2] @ inverse[:, :2].T + inverse[:, 2]
    between = cv2.fillPoly(np.zeros((height, width), np.uint8), [np.rint(lids).astype(np.int32)], 1)
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.mean(grey, between)[0]
    dark = np.maximum(mean - grey, 0)
    spot = cv2.GaussianBlur(dark * between, (0, 0), _IRIS * 0.8 * width * 0.6)
    darkest = float(spot.max())
    weight = np.maximum(spot - 0.9 * darkest, 0)
    sums = cv2.moments(weight)
    total = sums["m00"]
    if total <= 0:
        return 0.0, 0.0, 0.0, 0.0
    x, y = sums["m10"] / total, sums["m01"] / total
    gaze = (x - (width - 1) / 2) / (width * 0.8), (y - (height - 1) / 2) / (width * 0.8)
    return *gaze, darkest / max(mean, 1), _contrast(grey * between, between) / max(mean, 1)


def _contrast(light: NDArray[np.float32], between: NDArray[np.uint8]) -> float:
    """Return how much darker an iris is than the darker one of the whites beside it.

    Args:
        light: The image of one eye, 0 outside the lids.
        between: 1 between the lids.
    """
    counts = between[:, _INNER].sum(axis=0, dtype=np.float32)
    measured = counts > 0
    if measured.sum() < 4 * _MARGIN:
        return 0.0
    columns = light[:, _INNER].sum(axis=0) / np.maximum(counts, 1)
    columns[~measured] = columns[measured].mean()
    columns = cv2.GaussianBlur(columns[None], (0, 0), _COLUMN)[0]
    iris = _MARGIN + int(np.argmin(columns[_MARGIN:-_MARGIN]))
    left, right = columns[: iris - _BESIDE], columns[iris + _BESIDE :]
    return float(min(left.max(), right.max()) - columns[iris])
