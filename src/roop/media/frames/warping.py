"""Sample a rotated square from a frame, touching no more samples than needed."""

import math

import cv2
import numpy as np

from roop.geometry import Matrix, bounds, transform
from roop.media.frames.pixel_layout import Samples
from roop.types import Box, Points

_COARSEST = 0.9
"""Smallest number of halved samples per output sample: halving is the cheapest way to shrink."""


_MARGIN = 4
"""Pixels around the square that interpolation needs: as many as share a sample at most, and twice
as many for every halving."""


def sampled_box(matrix: Matrix, side: int) -> Box:
    """Return the box of pixels that a square of ``side`` is sampled from, with even coordinates."""
    low, high = -0.5, side - 0.5
    corners: Points = np.array([[low, low], [low, high], [high, low], [high, high]], np.float32)
    margin = _MARGIN << halvings_of(matrix)
    return bounds(transform(matrix, corners), margin=margin).evened()


def halvings_of(matrix: Matrix) -> int:
    """Return how often to halve the samples before the square is interpolated."""
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    return max(int(math.log2(max(scale / _COARSEST, 1.0))), 0)


def warp(samples: Samples, box: Box, matrix: Matrix, side: int, *, empty: int = 0) -> Samples:
    """Return ``(side, side, ...)`` samples.

    Args:
        samples: ``(H, W, ...)`` samples of ``box``, at any resolution.
        box: Region of the frame.
        matrix: ``(2, 3)``, maps coordinates of the output to those of the frame.
        side: Width and height of the output.
        empty: Value outside of ``box``.
    """
    rows, columns = samples.shape[:2]
    zoom = np.array([[columns / box.width], [rows / box.height]], np.float32)
    to_samples: Matrix = matrix * zoom
    to_samples[:, 2] += (0.5 - np.array([box.x0, box.y0])) * zoom[:, 0] - 0.5
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    border = (float(empty),) * 4
    warped: Samples = cv2.warpAffine(
        samples, to_samples, (side, side), flags=flags, borderValue=border
    )
    return warped
