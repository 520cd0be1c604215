"""Convert pixels and boxes between the stored and the upright orientation."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix
from roop.types import Box

Samples = TypeVar("Samples", bound=np.generic)
"""The sample type of an array."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """The eight orientations of EXIF tag 0x0112."""

    tag: int = 1
    """1..8; 1 is upright."""

    @property
    def swaps_axes(self) -> bool:
        """True if width and height are swapped."""
        return self.tag >= 5

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Return the upright (width, height) for the ``stored`` one."""
        return stored[::-1] if self.swaps_axes else stored

    def upright(self, stored: NDArray[Samples]) -> NDArray[Samples]:
        """Return a view of stored ``(H, W, ...)`` samples as they are displayed."""
        samples = stored.swapaxes(0, 1) if self.swaps_axes else stored
        return self._flip(samples)

    def stored(self, upright: NDArray[Samples]) -> NDArray[Samples]:
        """Return a view of upright ``(H, W, ...)`` samples as they are stored."""
        flipped = self._flip(upright)
        return flipped.swapaxes(0, 1) if self.swaps_axes else flipped

    def stored_box(self, box: Box, stored: tuple[int, int]) -> Box:
        """Return the stored box of an upright ``box``; ``stored`` is the stored (width, height)."""
        width, height = self.size(stored)
        x0, x1 = (width - box.x1, width - box.x0) if self._flip_x else (box.x0, box.x1)
        y0, y1 = (height - box.y1, height - box.y0) if self._flip_y else (box.y0, box.y1)
        return Box(y0, x0, y1, x1) if self.swaps_axes else Box(x0, y0, x1, y1)

    def to_stored(self, upright: Matrix, stored: tuple[int, int]) -> Matrix:
        """Convert an affine that maps to upright coordinates into one that maps to stored ones."""
        width, height = self.size(stored)
        converted = upright.copy()
        for row, (flip, last) in enumerate(((self._flip_x, width - 1), (self._flip_y, height - 1))):
            if flip:
                converted[row] *= -1
                converted[row, 2] += last
        return np.ascontiguousarray(converted[::-1]) if self.swaps_axes else converted

    @property
    def _flip_x(self) -> bool:
        return self.tag in (2, 3, 6, 7)

    @property
    def _flip_y(self) -> bool:
        return self.tag in (3, 4, 7, 8)

    def _flip(self, samples: NDArray[Samples]) -> NDArray[Samples]:
        return samples[:: -1 if self._flip_y else 1, :: -1 if self._flip_x else 1]
