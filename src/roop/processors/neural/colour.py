"""Transfer colours from one image to another."""

import cv2
import numpy as np

from roop.faces.cutout import Mask
from roop.types import Pixels

_INSIDE = 0.5
"""Mask value above which a pixel counts."""


def match_colour(image: Pixels, reference: Pixels, mask: Mask, strength: float) -> Pixels:
    """Return ``image`` with the mean and the spread of the colours of ``reference``.

    Args:
        image: ``(H, W, 3)``.
        reference: ``(H, W, 3)``.
        mask: ``(H, W)``: the part of both that is compared.
        strength: How far to go, 0..1.

    Source: Reinhard et al., "Color Transfer between Images", 2001, in CIE Lab.
    """
    inside = mask > _INSIDE
    if not inside.any():
        return image
    lab, target = (_to_lab(p) for p in (image, reference))
    mean, spread = lab[inside].mean(axis=0), lab[inside].std(axis=0)
    target_mean, gain = (
        target[inside].mean(axis=0),
        target[inside].std(axis=0) / np.maximum(spread, 1.0),
    )
    matched = (lab - mean) * np.clip(gain, 0.5, 2.0) + target_mean
    mixed = lab + strength * (matched - lab)
    back: Pixels = np.rint(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB) * 255).clip(0, 255)
    return back.astype(np.uint8)


def _to_lab(image: Pixels) -> np.ndarray:
    lab: np.ndarray = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab
