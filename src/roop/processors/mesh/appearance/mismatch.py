"""Compare a face with its expected appearance."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import Reflectance, brightness_of, upper_median

Field = NDArray[np.float32]
"""``(H, W)`` in the layout of the unwrapped face."""

NEIGHBOURS = np.ones((3, 3), np.uint8)
"""Neighbourhood within which the mesh is exact."""

_BRIGHTNESS_TOLERANCE, _DEVIATION_FACTOR = 22.0, 1.5
"""Tolerated change of brightness, plus the usual deviation times the second."""

_TINT_TOLERANCE, _MIN_TINT_TOLERANCE, _WELL_LIT = 6.0, 2.5, 130.0
"""Tolerated change of colour of a face as bright as the third; less for a darker one, at least the
second."""

_MAX_BRIGHTENING = 1.8
"""Most that colours grow stronger when a shadow leaves."""

_SHADOW, _SAME_HUE, _COLOURED = 4.0, 0.25, 2.0
"""How much more a shadow may darken; by what share it may change colours; grey levels of colour
needed to tell a shadow from an object."""


def brightness_level(reflectance: Reflectance, skin: Field) -> float:
    """Return how bright a face is; 1 in good light."""
    return math.exp(upper_median(reflectance[::3, ::3, 0][skin[::3, ::3] > 0]) / 100) / _WELL_LIT


def tolerance_of(expected: Reflectance, deviation: Field, skin: Field) -> Reflectance:
    """Return how far a face may differ from its expected appearance.

    Args:
        expected: The expected reflectance.
        deviation: The usual deviation of its brightness from frame to frame.
        skin: Above 0 on plain skin.
    """
    tint = max(_TINT_TOLERANCE * brightness_level(expected, skin), _MIN_TINT_TOLERANCE)
    tolerance = np.full(expected.shape, tint, np.float32)
    tolerance[..., 0] = _BRIGHTNESS_TOLERANCE + _DEVIATION_FACTOR * deviation
    return tolerance


def measure_mismatch(
    reflectance: Reflectance, expected: Reflectance, tolerance: Reflectance
) -> Field:
    """Return how unlike its expected appearance a face is; 1 is surely unlike.

    A pixel may look like any of its neighbours, because the mesh is not exact, and it may be in
    shadow.
    """
    low, high = cv2.erode(expected, NEIGHBOURS), cv2.dilate(expected, NEIGHBOURS)
    shade = np.minimum(brightness_of(reflectance) / brightness_of(expected), _MAX_BRIGHTENING)
    shaded = expected[..., 1:] * shade[..., None]
    low[..., 1:], high[..., 1:] = (
        np.minimum(low[..., 1:], shaded),
        np.maximum(high[..., 1:], shaded),
    )
    off = np.maximum(np.maximum(reflectance - high, low - reflectance), 0) / tolerance
    off[..., 0] /= 1 + _SHADOW * _shadow_likelihood(reflectance, shaded)
    mismatch: Field = cv2.blur(cv2.sqrt(cv2.transform(off * off, np.ones((1, 3)))), (3, 3))
    return mismatch


def mismatch_bound(
    reflectance: Reflectance, expected: Reflectance, tolerance: Reflectance
) -> Field:
    """Return an upper bound of ``measure_mismatch``, in a fifth of the time."""
    off = (reflectance - expected) / tolerance
    bound: Field = cv2.blur(cv2.sqrt(cv2.transform(off * off, np.ones((1, 3)))), (3, 3))
    return bound


def _shadow_likelihood(reflectance: Reflectance, shaded: Reflectance) -> Field:
    """Return how likely the colours are those of a shadow, 0..1; 0 for too little colour."""
    off, strength = (
        cv2.sqrt(cv2.transform(tint * tint, np.ones((1, 2))))
        for tint in (reflectance[..., 1:] - shaded, shaded)
    )
    alike = 2 - off / np.maximum(_SAME_HUE * strength, 0.5)
    shadowed: Field = np.clip(alike, 0, 1) * (strength > _COLOURED)
    return shadowed
