"""Keep black-and-white, sepia and tinted pictures in their one colour.

A face in such a picture has no red lips and no green eyes: all its colour is that of its light.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

Weights = NDArray[np.float32]
"""``(H, W)``, 0..1: how much each pixel belongs to the face."""

_Field = NDArray[np.float32]

_SIDE = 48
"""Longer side of the images in which colours are compared, pixels."""

_SIGMA = 0.25
"""Sigma that separates the colour of the light from that of lips and eyes, in face widths."""

_NONE, _ALL = 0.004, 0.012
"""Variation of colour, as a share of the brightness, below which a face has no colours of its own,
and above which it has those of any face: 0.017 to 0.1. Sepia has 0.0016."""

_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def colour_share(target: Pixels, inside: Weights) -> float:
    """Return how much of a new face's own colours belong into the target, 0..1.

    Args:
        target: ``(H, W, 3)`` RGB: the old face.
        inside: Where the face is, at any resolution.
    """
    size = _small(inside)
    weights = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    share = (_variation(_resized(target, size), weights) - _NONE) / (_ALL - _NONE)
    return min(max(share, 0.0), 1.0)


def reduce_colour(swapped: Pixels, target: Pixels, inside: Weights, share: float) -> Pixels:
    """Return the new face with a share of its own colours, and else the colour of the light.

    Args:
        swapped: ``(H, W, 3)`` RGB: the new face.
        target: The same part of the target.
        inside: Where the face is, at any resolution.
        share: As ``colour_share`` returns it.
    """
    if share >= 1:
        return swapped
    size = _small(inside)
    weights = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    tint = cv2.resize(_tint(_resized(target, size), weights), swapped.shape[1::-1])
    light = cv2.transform(swapped.astype(np.float32), _LUMA)[..., None] * tint
    reduced: Pixels = np.clip(share * swapped + (1 - share) * light + 0.5, 0, 255).astype(np.uint8)
    return reduced


def _small(inside: Weights) -> tuple[int, int]:
    height, width = inside.shape
    zoom = min(_SIDE / max(height, width), 1.0)
    return max(round(width * zoom), 1), max(round(height * zoom), 1)


def _resized(image: Pixels, size: tuple[int, int]) -> _Field:
    resized: _Field = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return resized


def _tint(image: _Field, weights: Weights) -> _Field:
    """Return the colour of the light at each pixel, as factors of its luma."""
    sigma = _SIGMA * image.shape[1]
    luma = cv2.transform(image, _LUMA)
    light = cv2.GaussianBlur(image * weights[..., None], (0, 0), sigma)
    brightness = cv2.GaussianBlur(luma * weights, (0, 0), sigma)
    faint = np.float32(1e-3)
    tint: _Field = (light + faint) / (brightness + faint)[..., None]
    return tint


def _variation(image: _Field, weights: Weights) -> float:
    """Return how far colours are from that of the light, as a share of the brightness."""
    luma = cv2.transform(image, _LUMA)
    away = np.abs(image - luma[..., None] * _tint(image, weights)).mean(axis=2)
    return float((away * weights).sum() / max((luma * weights).sum(), 1e-3))
