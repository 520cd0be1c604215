"""Find a mask over nose and mouth, of any colour, by what it differs from: the skin above it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.mismatch import Field
from roop.processors.mesh.appearance.reflectance import Reflectance

_SPREAD = np.array([28, 6, 6], np.float32)
"""How far skin differs from the skin around the eyes: brightness in hundredths of its logarithm,
colours in grey levels."""

_LEAST_SHARE = 0.6
"""Share of the mouth's region that a mask covers."""

_CLOSING = np.ones((7, 7), np.uint8)


def find_face_mask(
    reflectance: Reflectance, seen: Field, eyes: int, mouth: tuple[int, int]
) -> Field:
    """Return 1 where a mask is, 0 elsewhere; 0 everywhere if there is none.

    Args:
        reflectance: ``(H, W, 3)``: an unwrapped face.
        seen: ``(H, W)``: above 0 where there is plain skin in sight, were it not for the mask.
        eyes: Row below the eyes.
        mouth: Row and column of the middle of the mouth.
    """
    height, width = seen.shape
    above = np.zeros(seen.shape, np.bool_)
    above[max(eyes - height // 5, 0) : eyes] = True
    skin = reflectance[above & (seen > 0)]
    nothing = np.zeros(seen.shape, np.float32)
    if not skin.size:
        return nothing
    off = cv2.blur(np.abs((reflectance - np.median(skin, axis=0)) / _SPREAD), (3, 3))
    unlike = (off.max(axis=2) > 1).astype(np.uint8)
    unlike[: eyes - height // 12] = 0
    unlike = cv2.morphologyEx(unlike, cv2.MORPH_CLOSE, _CLOSING)
    row, column = mouth
    core = np.s_[row - height // 10 : row + height // 10, column - width // 6 : column + width // 6]
    if unlike[core].mean() < _LEAST_SHARE:
        return nothing
    _, number = cv2.connectedComponents(unlike, connectivity=4)
    largest = np.bincount(number[core][number[core] > 0]).argmax()
    found: NDArray[np.uint8] = (number == largest).astype(np.uint8)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask: Field = opened.astype(np.float32)
    return mask
