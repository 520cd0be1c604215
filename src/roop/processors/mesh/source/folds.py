"""Take the folds of a smile off an atlas: beside nose and mouth, and below the eyes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

_FINE, _WIDE = 0.008, 0.07
"""Sigmas of the Gaussians between which folds lie, in widths of the atlas: pores are finer, and the
form of the cheeks is wider."""

_SIDE = 160
"""Width of the image in which folds are looked for, pixels."""


def flatten_folds(
    pixels: Pixels, folds: NDArray[np.float32], skin: NDArray[np.float32], strength: float
) -> Pixels:
    """Return the atlas with its folds made fainter; pores and spots stay.

    Args:
        pixels: ``(H, W, 3)``.
        folds: ``(H, W)``, 0..1: where folds may be.
        skin: ``(H, W)``, 0..1: where there is plain skin, which the tone is taken from.
        strength: 0 keeps the folds, 1 removes them.
    """
    height, width = skin.shape
    size = (min(_SIDE, width), max(round(height / width * min(_SIDE, width)), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = cv2.resize(skin, size, interpolation=cv2.INTER_AREA)
    fine, wide = (_tone(small, weight, sigma * size[0]) for sigma in (_FINE, _WIDE))
    share = strength * (weight * cv2.resize(folds, size, interpolation=cv2.INTER_AREA))[..., None]
    gain = 1 + share * (np.clip(wide / fine, 0.6, 1.6) - 1)
    flat: Pixels = cv2.multiply(
        pixels, cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U
    )
    return flat


def _tone(
    pixels: NDArray[np.float32], weight: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    """Return the mean tone of the skin around each pixel."""
    known = np.dstack([pixels * weight[..., None], weight])
    usual = known.mean(axis=(0, 1))
    near = cv2.GaussianBlur(known, (0, 0), sigma) + 0.01 * usual
    tone: NDArray[np.float32] = np.maximum(near[..., :3], 1e-3) / np.maximum(near[..., 3:], 1e-3)
    return tone
