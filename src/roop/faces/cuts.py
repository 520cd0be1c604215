"""Notice where a film was cut."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.track import correlation
from roop.types import Frame

_SAME_PICTURE = 0.7
"""Correlation of two frames below which the picture was cut."""

_GIST = 48
"""Longer side in which whole frames are compared, pixels."""


class CutDetector:
    """Compares each frame of one stream with the one before; feed it all, in order."""

    def __init__(self) -> None:
        self._gist: NDArray[np.uint8] | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Tell whether ``frame`` may be the first after a cut; the first of all is not."""
        gist = cv2.cvtColor(frame.thumbnail(_GIST), cv2.COLOR_RGB2GRAY).astype(np.uint8)
        before, self._gist = self._gist, gist
        return before is not None and correlation(gist, before) < _SAME_PICTURE
