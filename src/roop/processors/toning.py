"""Keep a new face in the tones of a target that has one colour: black-and-white, sepia, tinted."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

_INSIDE = 0.5
"""Weight above which a pixel counts."""

_TONED, _COLOURED, _WELL_LIT = 1.0, 2.0, 130.0
"""Deviation of the colours from one tone, in grey levels, of a face as bright as the third: surely
toned, surely coloured. Darker faces have less colour."""

_MIN_PIXELS = 20
"""Fewest pixels from which a tone is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """Colours that depend on the brightness alone."""

    slope: NDArray[np.float32]
    """``(2,)``: increase of red and blue difference with the brightness."""
    offset: NDArray[np.float32]
    """``(2,)``: both at brightness 0, in grey levels."""
    strength: float
    """How surely the target has this tone, 0..1."""

    def apply(self, image: Pixels) -> Pixels:
        """Return ``(H, W, 3)`` RGB in this tone, as bright as before."""
        brightness = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        to_colours = np.column_stack([[1, *self.slope], [0, *self.offset]]).astype(np.float32)
        colours = cv2.transform(brightness, to_colours)
        toned = cv2.cvtColor(np.rint(colours).clip(0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
        mixed: Pixels = cv2.addWeighted(toned, self.strength, image, 1 - self.strength, 0)
        return mixed


def find_tone(target: Pixels, weight: NDArray[np.generic]) -> Tone | None:
    """Return the one tone that a face has; None if it has colours of its own.

    Args:
        target: ``(H, W, 3)`` RGB.
        weight: ``(H, W)``, 0..1: above 0.5 inside the face.
    """
    samples: Pixels = target[np.asarray(weight, np.float32) > _INSIDE]
    if len(samples) < _MIN_PIXELS:
        return None
    pixels = cv2.cvtColor(samples[None], cv2.COLOR_RGB2YCrCb)[0].astype(np.float32)
    brightness, colours = pixels[:, 0], pixels[:, 1:]
    mean, colour_mean = brightness.mean(), colours.mean(axis=0)
    off = brightness - mean
    slope: NDArray[np.float32] = off @ (colours - colour_mean) / (float(off @ off) + 1)
    left = colours - colour_mean - off[:, None] * slope
    light = min(float(mean) / _WELL_LIT, 1.0)
    deviation = float(np.sqrt((left * left).sum(axis=1).mean())) / max(light, 0.01)
    strength = min(max((_COLOURED - deviation) / (_COLOURED - _TONED), 0.0), 1.0)
    return Tone(slope, colour_mean - slope * mean, strength) if strength else None
