"""Give one picture the colours of another."""

import cv2
import numpy as np

from roop.faces.cutout import Mask
from roop.types import Pixels

_INSIDE = 0.5
"""Mask above which a pixel counts."""


def match_colour(picture: Pixels, model: Pixels, mask: Mask, strength: float) -> Pixels:
    """Return ``picture`` with the mean and the spread of the colours of ``model``.

    Args:
        picture: ``(H, W, 3)``.
        model: ``(H, W, 3)``.
        mask: ``(H, W)``: only what it shows is compared.
        strength: How far to go, 0..1.

    Source: Reinhard et al., "Color Transfer between Images", 2001, in CIE Lab.
    """
    shown = mask > _INSIDE
    if not shown.any():
        return picture
    lab, goal = (_to_lab(p) for p in (picture, model))
    mean, spread = lab[shown].mean(axis=0), lab[shown].std(axis=0)
    wanted, gain = goal[shown].mean(axis=0), goal[shown].std(axis=0) / np.maximum(spread, 1.0)
    matched = (lab - mean) * np.clip(gain, 0.5, 2.0) + wanted
    mixed = lab + strength * (matched - lab)
    back: Pixels = np.rint(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB) * 255).clip(0, 255)
    return back.astype(np.uint8)


def _to_lab(picture: Pixels) -> np.ndarray:
    lab: np.ndarray = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab
