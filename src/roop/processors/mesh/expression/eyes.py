"""Measure where the eyes look, and make the source's eyes look the same way."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import LEFT_EYE, RIGHT_EYE
from roop.types import Gaze, Pixels, Points

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

_MAX_SHIFT = (0.3, 0.1)
"""Most that an iris is moved along and across the eye, in eye widths."""

_MAX_OFF = 0.27
"""Farthest that an iris is drawn from the middle of the eye, in eye widths."""

_VERTICAL_SHARE = 0.5
"""Share of the vertical gaze that is followed if it is read from the pixels: lashes blur it."""

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
        self._source: Gaze = np.zeros((2, 2), np.float32)
        self._shift: NDArray[np.float32] | None = None

    def update(self, source: Gaze, target: Gaze, *, exact: bool) -> None:
        """Take a frame's gaze into account; both eyes are moved alike.

        Eyes that seem to squint are shut or hidden, so the previous gaze is kept.

        Args:
            source: Where the source's eyes look.
            target: Where the target's eyes look.
            exact: Whether a network found the irises; otherwise they were read from the pixels.
        """
        self._source = source
        off = target - source
        if abs(float(off[0, 0] - off[1, 0])) > _MAX_SQUINT:
            return
        share = (1, 1 if exact else _VERTICAL_SHARE)
        shift = np.clip(off.mean(axis=0) * share, np.negative(_MAX_SHIFT), _MAX_SHIFT)
        before = shift if self._shift is None else self._shift
        self._shift = (_MEMORY * before + (1 - _MEMORY) * shift).astype(np.float32)

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
        if self._shift is None:
            return
        x, y = coordinates[0][part], coordinates[1][part]
        for (border, left, right), gaze in zip(_EYES, self._source, strict=True):
            along = vertices[right, :2] - vertices[left, :2]
            middle = (vertices[left, :2] + vertices[right, :2]) / 2
            unit = np.stack([along, [-along[1], along[0]]]) / (along @ along)
            dx, dy = x - middle[0], y - middle[1]
            position = unit[0, 0] * dx + unit[0, 1] * dy
            height = unit[1, 0] * dx + unit[1, 1] * dy
            lids = (vertices[list(border), :2] - middle) @ unit[1]
            near = eyes[part] * (np.abs(position) < 0.5)
            shift = near * self._iris_shift(position, gaze[0])
            lift = near * self._iris_lift(position, height, gaze, lids)
            x -= shift * along[0] - lift * along[1]
            y -= shift * along[1] + lift * along[0]

    def _iris_shift(self, position: NDArray[np.float32], source: float) -> NDArray[np.float32]:
        """Return how far along the eye each position is moved: the iris as one, corners not."""
        assert self._shift is not None
        drawn = float(np.clip(source + self._shift[0], -_MAX_OFF, _MAX_OFF))
        knots = [-0.5, drawn - _IRIS, drawn + _IRIS, 0.5]
        moved = np.interp(position, knots, [-0.5, source - _IRIS, source + _IRIS, 0.5])
        return (position - moved).astype(np.float32)

    def _iris_lift(
        self,
        position: NDArray[np.float32],
        height: NDArray[np.float32],
        source: NDArray[np.float32],
        lids: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Return how far across the eye each position is moved.

        The iris slides below the lid that it moves towards; the other lid stays where it is.
        """
        assert self._shift is not None
        lift = float(self._shift[1])
        lid = float(lids.min() if lift > 0 else lids.max())
        drawn = float(source[1]) + lift
        away = np.clip((height - lid) / (drawn - lid or 1.0), 0, 1)
        corners = np.clip((0.5 - np.abs(position)) / 0.2, 0, 1)
        moved: NDArray[np.float32] = (lift * away * corners).astype(np.float32)
        return moved


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
