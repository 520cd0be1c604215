"""Turn pixels and boxes between a picture as it is stored and as a viewer shows it."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix
from roop.types import Box

Samples = TypeVar("Samples", bound=np.generic)
"""The sample type of an array that is turned."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """The eight orientations of EXIF tag 0x0112."""

    tag: int = 1
    """1..8; 1 is upright."""

    @property
    def turned(self) -> bool:
        """True if width and height change places."""
        return self.tag >= 5

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Return the upright (width, height) of a picture ``stored`` with this orientation."""
        return stored[::-1] if self.turned else stored

    def upright(self, stored: NDArray[Samples]) -> NDArray[Samples]:
        """Return a view of ``(H, W, ...)`` samples as a viewer shows them."""
        turned = stored.swapaxes(0, 1) if self.turned else stored
        return self._flipped(turned)

    def stored(self, upright: NDArray[Samples]) -> NDArray[Samples]:
        """Return a view of ``(H, W, ...)`` upright samples as the file keeps them."""
        flipped = self._flipped(upright)
        return flipped.swapaxes(0, 1) if self.turned else flipped

    def stored_box(self, box: Box, stored: tuple[int, int]) -> Box:
        """Return where an upright ``box`` lies in the ``stored`` (width, height) picture."""
        width, height = self.size(stored)
        x0, x1 = (width - box.x1, width - box.x0) if self._flip_x else (box.x0, box.x1)
        y0, y1 = (height - box.y1, height - box.y0) if self._flip_y else (box.y0, box.y1)
        return Box(y0, x0, y1, x1) if self.turned else Box(x0, y0, x1, y1)

    def stored_places(self, upright: Matrix, stored: tuple[int, int]) -> Matrix:
        """Return an affine that leads to upright places, made to lead to ``stored`` ones."""
        width, height = self.size(stored)
        led = upright.copy()
        for row, (flip, last) in enumerate(((self._flip_x, width - 1), (self._flip_y, height - 1))):
            if flip:
                led[row] *= -1
                led[row, 2] += last
        return np.ascontiguousarray(led[::-1]) if self.turned else led

    @property
    def _flip_x(self) -> bool:
        return self.tag in (2, 3, 6, 7)

    @property
    def _flip_y(self) -> bool:
        return self.tag in (3, 4, 7, 8)

    def _flipped(self, samples: NDArray[Samples]) -> NDArray[Samples]:
        return samples[:: -1 if self._flip_y else 1, :: -1 if self._flip_x else 1]
