"""A drawing that the real network takes for nudity, so that tests need no real image of it."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
MakeClip = Callable[[Sequence[int]], Path]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def drawing(side: int = 320) -> Pixels:
    """Return five soft discs on purple, which the network takes for nudity with a score of 0.86."""
    skin, dark = np.array([230, 127, 121]), np.array([196, 69, 119])
    y, x = np.mgrid[:side, :side] / side
    image = np.empty((side, side, 3))
    image[:] = (114, 61, 117)

    def disc(centre: tuple[float, float], radii: tuple[float, float], colour: object) -> None:
        away = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2
        inside = 1 / (1 + np.exp(np.minimum(12 * (away - 1), 50)))[..., np.newaxis]
        image[:] = image * (1 - inside) + np.asarray(colour) * inside

    disc((0.5, 0.5), (0.295, 0.538), skin)
    for left in (0.322, 0.678):
        disc((left, 0.577), (0.154, 0.149), skin * 1.086)
        disc((left, 0.596), (0.041, 0.041), dark)
    return image.clip(0, 255).astype(np.uint8)
