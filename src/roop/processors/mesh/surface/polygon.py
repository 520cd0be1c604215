"""Fill polygons of an atlas."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.surface.surface import Vertices

_OVERSAMPLING = 4
"""Factor at which a soft polygon is drawn before it is downscaled, so that it has no steps."""


def fill_polygon(shape: tuple[int, ...], points: Vertices, zoom: int = 1) -> NDArray[np.float32]:
    """Return an image that is 1 within ``points``, 0 outside.

    Args:
        shape: (height, width) of the atlas.
        points: ``(N, 2)``: the corners, in pixels of the atlas.
        zoom: Factor from the size of the atlas to that of the result.
    """
    polygon = np.zeros((zoom * shape[0], zoom * shape[1]), np.float32)
    enlarged = (points + 0.5) * zoom - 0.5
    cv2.fillPoly(polygon, [np.rint(enlarged).astype(np.int32)], 1.0)
    return polygon


def fill_polygon_softly(
    shape: tuple[int, ...], points: Vertices, reach: float
) -> NDArray[np.float32]:
    """Return an image that is 1 within ``points`` and falls off outside.

    Args:
        shape: (height, width) of the atlas.
        points: ``(N, 2)``: the corners, in pixels of the atlas.
        reach: Distance at which a third is left, pixels.
    """
    outside = (fill_polygon(shape, points, _OVERSAMPLING) == 0).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5)
    fine = np.exp(-((distance / (_OVERSAMPLING * reach)) ** 2))
    polygon: NDArray[np.float32] = cv2.resize(
        fine, (shape[1], shape[0]), interpolation=cv2.INTER_AREA
    )
    return polygon
