"""Cut a square that stands askew out of samples, without turning more of them than it takes."""

import math

import cv2
import numpy as np

from roop.geometry import Matrix, bounds, transform
from roop.media.frames.pixel_layout import Samples
from roop.types import Box, Points

_COARSEST = 0.9
"""Samples, halved, for one of the output: halving is the cheapest way to shrink."""


_AROUND = 4
"""Pixels around the square that are read between, as many as share a sample at most; twice as many
for each time that they are halved."""


def reach_of(matrix: Matrix, side: int) -> Box:
    """Return the pixels that a square picture of ``side`` is made of, at even places."""
    low, high = -0.5, side - 0.5
    corners: Points = np.array([[low, low], [low, high], [high, low], [high, high]], np.float32)
    margin = _AROUND << halvings_of(matrix)
    return bounds(transform(matrix, corners), margin=margin).evened()


def halvings_of(matrix: Matrix) -> int:
    """Return how often to halve the picture that a square is cut from."""
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    return max(int(math.log2(max(scale / _COARSEST, 1.0))), 0)


def warp(samples: Samples, box: Box, matrix: Matrix, side: int, *, empty: int = 0) -> Samples:
    """Return ``(side, side, ...)`` samples.

    Args:
        samples: ``(H, W, ...)``: of the pixels of ``box``, at any resolution.
        box: In the picture.
        matrix: Leads from places in the output to places in the picture.
        side: Of the output, samples.
        empty: What lies beyond ``box``.
    """
    rows, columns = samples.shape[:2]
    zoom = np.array([[columns / box.width], [rows / box.height]], np.float32)
    place: Matrix = matrix * zoom
    place[:, 2] += (0.5 - np.array([box.x0, box.y0])) * zoom[:, 0] - 0.5
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    border = (float(empty),) * 4
    warped: Samples = cv2.warpAffine(samples, place, (side, side), flags=flags, borderValue=border)
    return warped
