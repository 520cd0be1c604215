"""Give the new face no more colours than the target has."""

import numpy as np
from numpy.typing import NDArray

from roop.processors.monochrome import colour_share, reduce_colour
from roop.types import Pixels

_INTERVAL = 6
"""Frames between two measurements."""

_MEMORY = 0.5
"""Weight of the previous share in the next one."""


class ColourMatch:
    """Matches the colours of one target face's swaps, smoothly over time."""

    def __init__(self) -> None:
        self._share: float | None = None
        self._frames = 0

    def apply(self, swapped: Pixels, target: Pixels, inside: NDArray[np.float32]) -> Pixels:
        """Return ``swapped`` as colourful as ``target``.

        Args:
            swapped: ``(H, W, 3)``: the new face in the box of the old one.
            target: ``(H, W, 3)``: the same box of the target.
            inside: ``(H, W)`` at any resolution, 0..1: where the face is.
        """
        if self._share is None or self._frames % _INTERVAL == 0:
            share = colour_share(target, inside)
            before = share if self._share is None else self._share
            self._share = _MEMORY * before + (1 - _MEMORY) * share
        self._frames += 1
        return reduce_colour(swapped, target, inside, self._share)
