"""Tell a face's skin from hair, hats and background by its colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

_SPREAD = np.array([35.0, 8.0, 8.0], np.float32)
"""How far skin differs from its median: brightness, red and blue difference, in grey levels."""

_SOFT = 0.01
"""Sigma of the Gaussian that joins neighbouring pixels, as a share of the image's width."""

_SAMPLE = 500
"""Number of pixels from which the median is taken."""


def skin_similarity(
    pixels: Pixels, skin: NDArray[np.float32], *, strict: bool = False
) -> NDArray[np.float32]:
    """Return how similar each pixel is to the face's skin, 0..1.

    Args:
        pixels: ``(H, W, 3)`` RGB.
        skin: ``(H, W)``: above 0.5 where there is surely skin.
        strict: Accept bare skin only; by default shadows and make-up count too.
    """
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    known = colours[skin > 0.5]
    if not known.size:
        return np.ones(skin.shape, np.float32)
    some = known[:: max(len(known) // _SAMPLE, 1)]
    index = len(some) // 2
    off = (colours - np.partition(some, index, axis=0)[index]) / _SPREAD
    distance = cv2.sqrt(cv2.transform(off * off, np.ones((1, 3))))
    blurred = cv2.GaussianBlur(distance, (0, 0), _SOFT * skin.shape[1])
    alike: NDArray[np.float32] = 2 - blurred if strict else 2 - blurred / 2
    return np.minimum(np.maximum(alike, 0), 1)
