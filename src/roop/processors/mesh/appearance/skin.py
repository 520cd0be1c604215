"""Tell a face's skin from hair, hats and background by its colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

_SPREAD = np.array([35.0, 8.0, 8.0], np.float32)
"""How far skin strays from its median: brightness, red and blue difference, grey levels."""

_SOFT = 0.01
"""Width of the Gaussian that joins neighbours, as a share of the picture's."""


_SAMPLE = 500
"""Pixels whose median stands for all."""


def likeness(
    pixels: Pixels, skin: NDArray[np.float32], *, strict: bool = False
) -> NDArray[np.float32]:
    """Return how much each pixel looks like the face's own skin, 0..1.

    Args:
        pixels: ``(H, W, 3)`` RGB.
        skin: ``(H, W)``: above 0.5 where there is skin for sure.
        strict: For bare skin alone; else shadows and make-up pass too.
    """
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    known = colours[skin > 0.5]
    if not known.size:
        return np.ones(skin.shape, np.float32)
    some = known[:: max(len(known) // _SAMPLE, 1)]
    middle = len(some) // 2
    off = (colours - np.partition(some, middle, axis=0)[middle]) / _SPREAD
    distance = cv2.sqrt(cv2.transform(off * off, np.ones((1, 3))))
    blurred = cv2.GaussianBlur(distance, (0, 0), _SOFT * skin.shape[1])
    alike: NDArray[np.float32] = 2 - blurred if strict else 2 - blurred / 2
    return np.minimum(np.maximum(alike, 0), 1)
