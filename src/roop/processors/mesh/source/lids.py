"""Paint shut lids into an atlas."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import LEFT_CREASE, LEFT_EYE, RIGHT_CREASE, RIGHT_EYE
from roop.geometry import bounds
from roop.processors.mesh.appearance.skin import skin_similarity
from roop.processors.mesh.surface.polygon import fill_polygon, fill_polygon_softly
from roop.processors.mesh.surface.surface import Vertices
from roop.types import Pixels

_EYES = ((RIGHT_EYE, RIGHT_CREASE), (LEFT_EYE, LEFT_CREASE))

_SHUT_OPENING, _OPEN_OPENING = 0.1, 0.45
"""Openings, as shares of the usual one, up to which lids are drawn shut, and from which on they are
drawn as in the photo: eyes that look down are half shut."""

_LASHES = 0.09
"""How far lashes reach onto the skin beyond the crease and the lower lid, in eye widths (distances
between the corners). Farther out lies the crease, which belongs to a person's shut eyes."""

_TONE_SIGMAS = (0.2, 0.1, 0.05)
"""Sigmas of the Gaussians that spread the tone of the skin over the lid, in eye widths."""

_SOFT = 0.04
"""Softness of the painted lid's border, in eye widths."""

_LINE, _DARK = 0.035, 0.3
"""Thickness of the line of lashes along the borders of the lids, in eye widths, and its brightness
as a share of the lid's. The upper lid is drawn about three times as high as it is in the atlas."""


def shut_share(opening: float) -> float:
    """Return the weight of shut lids in what is drawn of an eye, 0..1.

    Args:
        opening: Of the eye, as a share of the usual one.
    """
    return 1 - min(max((opening - _SHUT_OPENING) / (_OPEN_OPENING - _SHUT_OPENING), 0.0), 1.0)


def with_shut_lids(pixels: Pixels, vertices: Vertices) -> Pixels:
    """Return the atlas with plain, lowered lids and a line of lashes.

    In a photo of an open eye, lashes cover the little of the lid that is visible. Drawn over the
    whole eye, they would be a dark smear.

    Args:
        pixels: ``(H, W, 3)``.
        vertices: ``(N, 2)``: the surface's points in it.
    """
    shut = pixels.copy()
    for border, crease in _EYES:
        _shut_eye(shut, vertices[:, :2], border, crease)
    return shut


def _shut_eye(
    pixels: Pixels, vertices: Vertices, border: tuple[int, ...], crease: tuple[int, ...]
) -> None:
    points = vertices[[border[0], *crease, *border[8:]]]
    size = float(np.linalg.norm(vertices[border[0]] - vertices[border[8]]))
    box = bounds(points, margin=4 * _TONE_SIGMAS[0] * size).clipped(pixels.shape[1::-1])
    start = np.array([box.x0, box.y0], np.float32)
    part = pixels[box.rows, box.columns]
    reach = 2 * round(_LASHES * size) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    lid = cv2.dilate(fill_polygon(part.shape[:2], points - start), around)
    skin = (1 - lid) * skin_similarity(part, 1 - lid, strict=True)
    tone = spread_tone(part, skin, [spread * size for spread in _TONE_SIGMAS])
    lashes = fill_polygon_softly(part.shape[:2], vertices[list(border)] - start, _LINE * size)
    tone *= (1 - (1 - _DARK) * lashes)[..., None]
    share = cv2.GaussianBlur(lid, (0, 0), _SOFT * size)[..., None]
    part[:] = np.rint(part + share * (tone - part)).astype(np.uint8)


def spread_tone(
    pixels: Pixels, skin: NDArray[np.float32], sigmas: Sequence[float]
) -> NDArray[np.float32]:
    """Return the tone of the nearest skin for each pixel; the largest sigma comes first."""
    known = np.dstack([pixels * skin[..., None], skin])
    tone = np.zeros(pixels.shape, np.float32)
    for sigma in sigmas:
        near = cv2.GaussianBlur(known, (0, 0), sigma)
        weight = near[..., 3:]
        share = 1 if sigma == sigmas[0] else np.minimum(2 * weight, 1)
        tone += share * (near[..., :3] / np.maximum(weight, 1e-6) - tone)
    return tone
