"""Take the dark corners of a smile off an atlas."""

import cv2
import numpy as np

from roop.faces.mesh.topology import INNER_LIPS
from roop.geometry import bounds
from roop.processors.mesh.source.lids import spread_tone
from roop.processors.mesh.surface.polygon import fill_polygon
from roop.processors.mesh.surface.surface import Vertices
from roop.types import Pixels

_CORNERS = ((61, 78), (291, 308))
"""Outer and inner corner of the mouth, of the person's right and left half."""

_REACH, _BEYOND = 0.17, 0.03
"""Radius around a corner in which pixels are brightened, and how far its centre lies beyond the
corner, in widths of the mouth."""

_DARK, _BRIGHT = 0.72, 0.92
"""Brightness, as a share of the median around a corner, of shadows and of plain skin."""

_SPREAD, _SOFT = (0.12, 0.06, 0.03), 0.012
"""Sigmas of the Gaussians that spread the tone of the skin over a shadow, and of its border, in
widths of the mouth."""


def brighten_corners(pixels: Pixels, vertices: Vertices) -> None:
    """Give the dark corners of a smile the tone around them.

    On a serious mouth they would lengthen the line between the lips.

    Args:
        pixels: ``(H, W, 3)``; changed in place.
        vertices: ``(N, 2)``: the surface's points in it.
    """
    size = float(np.linalg.norm(vertices[291] - vertices[61]))
    for outer, inner in _CORNERS:
        away = vertices[outer] - vertices[inner]
        away = away / max(float(np.linalg.norm(away)), 1e-6)
        _brighten(pixels, vertices, vertices[outer] + _BEYOND * size * away, size)


def _brighten(pixels: Pixels, vertices: Vertices, centre: Vertices, size: float) -> None:
    box = bounds(centre[None], margin=2 * _REACH * size).clipped(pixels.shape[1::-1])
    part = pixels[box.rows, box.columns]
    if not part.size:
        return
    start = np.array([box.x0, box.y0], np.float32)
    y, x = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    distance = np.hypot(x - (centre[0] - start[0]), y - (centre[1] - start[1])) / (_REACH * size)
    near = np.exp(-(distance**4)).astype(np.float32)
    mouth = fill_polygon(part.shape[:2], vertices[list(INNER_LIPS)] - start)
    light = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = light[(mouth == 0) & (distance < 2)]
    if not around.size:
        return
    share = light / max(float(np.median(around)), 1.0)
    plain = np.clip((share - _DARK) / (_BRIGHT - _DARK), 0, 1) * (1 - mouth)
    tone = spread_tone(part, plain, [sigma * size for sigma in _SPREAD])
    changed = cv2.GaussianBlur(near * (1 - plain), (0, 0), _SOFT * size)[..., None]
    part[:] = np.rint(part + changed * (tone - part)).astype(np.uint8)
