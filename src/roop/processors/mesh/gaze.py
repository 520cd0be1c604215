"""Make the source's eyes look where the target's look."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.topology import LEFT_EYE, RIGHT_EYE
from roop.types import Pixels, Points

_EYES = ((RIGHT_EYE, 33, 133), (LEFT_EYE, 362, 263))
"""Border, left and right corner as the camera sees them, of the person's right and left eye."""

_PATCH = (48, 32)
"""(width, height) of the picture of one eye, pixels; the corners lie on its middle line."""

_IRIS = 0.2
"""Radius of an iris, as a share of the distance between the corners."""

_MEMORY = 0.5
"""Share of the last frame's gaze in this one's."""

_SQUINT = 0.25
"""Both eyes look the same way: shifts that differ by more are not believed."""

_FARTHEST = 0.2
"""Most that an iris is moved, in distances between the corners of its eye."""

_ACROSS = 0.5
"""Share of the upward and downward gaze that is followed: lashes blur it."""

Gaze = NDArray[np.float32]
"""``(2, 2)``: for the right and the left eye how far the iris lies from the middle between the
corners, along the line through them and across it, in distances between the corners."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """Where the eyes of the photo look and where those of the target do."""

    source: Gaze
    target: Gaze


def find_gaze(pixels: Pixels, points: Points) -> Gaze:
    """Return where the irises are.

    Args:
        pixels: ``(H, W, 3)`` RGB with both eyes.
        points: ``(N, 2)``: where the mesh lies in ``pixels``.
    """
    return np.array([_iris(pixels, points, *eye) for eye in _EYES], np.float32)


class GazeMatch:
    """Moves the irises of one target face's swaps."""

    def __init__(self) -> None:
        self._shift: NDArray[np.float32] | None = None

    def apply(
        self,
        to_source: NDArray[np.float32],
        eyes: NDArray[np.float32],
        vertices: Points,
        turn: Turn,
    ) -> None:
        """Change where the pixels between the lids come from.

        Args:
            to_source: ``(2, H, W)``: x and y in the source's picture; changed in place.
            eyes: ``(H, W)``: 1 between the lids.
            vertices: ``(N, 2)``: where the mesh lies in the source's picture.
            turn: The gazes of the source and of this frame's target.
        """
        self._follow(turn)
        for _, left, right in _EYES:
            along = vertices[right, :2] - vertices[left, :2]
            width2 = float(along @ along)
            middle = (vertices[left, :2] + vertices[right, :2]) / 2
            x = (to_source[0] - middle[0]) * along[0] + (to_source[1] - middle[1]) * along[1]
            x /= width2
            push = eyes * np.clip(1 - 4 * x * x, 0, 1)  # corners and what lies beyond stay
            dx, dy = self._shift
            to_source[0] -= push * (dx * along[0] - dy * along[1])
            to_source[1] -= push * (dx * along[1] + dy * along[0])

    def _follow(self, turn: Turn) -> None:
        """Update the common shift of both eyes; eyes that seem to squint are shut or unseen."""
        off = turn.target - turn.source
        squint = abs(float(off[0, 0] - off[1, 0]))
        if self._shift is None:
            self._shift = np.zeros(2, np.float32)
        elif squint > _SQUINT:
            return
        shift = np.clip(off.mean(axis=0) * (1, _ACROSS), -_FARTHEST, _FARTHEST)
        self._shift = _MEMORY * self._shift + (1 - _MEMORY) * shift.astype(np.float32)


def _iris(
    pixels: Pixels,
    points: Points,
    border: tuple[int, ...],
    left: int,
    right: int,
) -> tuple[float, float]:
    """Return the place of one iris: the darkest spot of its size between the lids."""
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
    dark = np.clip(np.percentile(grey[between > 0], 80) - grey, 0, None) if between.any() else grey
    spot = cv2.GaussianBlur(dark * between, (0, 0), _IRIS * 0.8 * width * 0.6)
    weight = np.maximum(spot - 0.9 * spot.max(), 0)
    total = float(weight.sum())
    if total <= 0:
        return 0.0, 0.0
    x = float((weight.sum(axis=0) * np.arange(width)).sum()) / total
    y = float((weight.sum(axis=1) * np.arange(height)).sum()) / total
    return (x - (width - 1) / 2) / (width * 0.8), (y - (height - 1) / 2) / (width * 0.8)
