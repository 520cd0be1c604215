"""Paint the lids of an atlas as they are when they are shut."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import LEFT_CREASE, LEFT_EYE, RIGHT_CREASE, RIGHT_EYE
from roop.geometry import bounds
from roop.processors.mesh.appearance.skin import likeness
from roop.processors.mesh.surface.polygon import filled, softly_filled
from roop.processors.mesh.surface.surface import Vertices
from roop.types import Pixels

_EYES = ((RIGHT_EYE, RIGHT_CREASE), (LEFT_EYE, LEFT_CREASE))

_SHUT, _OPEN = 0.1, 0.45
"""Openings, as shares of the usual one, up to which lids are painted as shut, and from which on
they are as in the photo: eyes that look down are half shut."""

_LASHES = 0.09
"""How far beyond crease and lower lid lashes lie on the skin, in distances between the corners.
Farther out lies the crease, a part of how a person looks with shut eyes."""

_SPREADS = (0.2, 0.1, 0.05)
"""Sigmas of the Gaussians that spread the tone of the skin over the lid, likewise."""

_SOFT = 0.04
"""Softness of the painted lid's border, likewise."""

_LINE, _DARK = 0.035, 0.3
"""Thickness of the line of lashes along the borders of the lids, likewise, and its brightness as a
share of the lid's. The upper lid is drawn some three times as high as it lies in the atlas."""


def how_shut(opening: float) -> float:
    """Return the share of shut lids in what is drawn of an eye: 0..1.

    Args:
        opening: Of the eye, as a share of its usual one.
    """
    return 1 - min(max((opening - _SHUT) / (_OPEN - _SHUT), 0.0), 1.0)


def with_shut_lids(pixels: Pixels, vertices: Vertices) -> Pixels:
    """Return the atlas with plain lids, as they are when they are lowered, and a line of lashes.

    In a photo of an open eye lashes lie over the little of the lid that shows; drawn over the
    whole eye, they would be a dark smear.

    Args:
        pixels: ``(H, W, 3)``.
        vertices: ``(N, 2)``: where the surface's points lie in it.
    """
    shut = pixels.copy()
    for border, crease in _EYES:
        _shut(shut, vertices[:, :2], border, crease)
    return shut


def _shut(
    pixels: Pixels, vertices: Vertices, border: tuple[int, ...], crease: tuple[int, ...]
) -> None:
    points = vertices[[border[0], *crease, *border[8:]]]
    size = float(np.linalg.norm(vertices[border[0]] - vertices[border[8]]))
    box = bounds(points, margin=4 * _SPREADS[0] * size).clipped(pixels.shape[1::-1])
    start = np.array([box.x0, box.y0], np.float32)
    part = pixels[box.rows, box.columns]
    reach = 2 * round(_LASHES * size) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    lid = cv2.dilate(filled(part.shape[:2], points - start), around)
    skin = (1 - lid) * likeness(part, 1 - lid, strict=True)
    tone = _spread(part, skin, [spread * size for spread in _SPREADS])
    lashes = softly_filled(part.shape[:2], vertices[list(border)] - start, _LINE * size)
    tone *= (1 - (1 - _DARK) * lashes)[..., None]
    share = cv2.GaussianBlur(lid, (0, 0), _SOFT * size)[..., None]
    part[:] = np.rint(part + share * (tone - part)).astype(np.uint8)


def _spread(
    pixels: Pixels, skin: NDArray[np.float32], sigmas: Sequence[float]
) -> NDArray[np.float32]:
    """Return the tone of the nearest skin everywhere; the largest sigma comes first."""
    known = np.dstack([pixels * skin[..., None], skin])
    tone = np.zeros(pixels.shape, np.float32)
    for sigma in sigmas:
        near = cv2.GaussianBlur(known, (0, 0), sigma)
        weight = near[..., 3:]
        share = 1 if sigma == sigmas[0] else np.minimum(2 * weight, 1)
        tone += share * (near[..., :3] / np.maximum(weight, 1e-6) - tone)
    return tone
