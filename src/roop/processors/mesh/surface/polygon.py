"""Paint what lies within some points of an atlas."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.surface.surface import Vertices

_FINER = 4
"""How many times as large a soft polygon is drawn first, so that it has no steps."""


def filled(shape: tuple[int, ...], points: Vertices, zoom: int = 1) -> NDArray[np.float32]:
    """Return 1 within ``points``, 0 around.

    Args:
        shape: (height, width) of the picture.
        points: ``(N, 2)``: the corners, in its pixels.
        zoom: How many times as large as ``shape`` what is returned is.
    """
    polygon = np.zeros((zoom * shape[0], zoom * shape[1]), np.float32)
    enlarged = (points + 0.5) * zoom - 0.5
    cv2.fillPoly(polygon, [np.rint(enlarged).astype(np.int32)], 1.0)
    return polygon


def softly_filled(shape: tuple[int, ...], points: Vertices, reach: float) -> NDArray[np.float32]:
    """Return 1 within ``points``, falling off around within about ``reach`` pixels.

    Args:
        shape: (height, width) of the picture.
        points: ``(N, 2)``: the corners, in its pixels.
        reach: The distance at which a third is left.
    """
    outside = (filled(shape, points, _FINER) == 0).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5)
    fine = np.exp(-((distance / (_FINER * reach)) ** 2))
    polygon: NDArray[np.float32] = cv2.resize(
        fine, (shape[1], shape[0]), interpolation=cv2.INTER_AREA
    )
    return polygon
