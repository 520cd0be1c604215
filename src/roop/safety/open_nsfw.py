"""Tell how likely a picture is to be indecent: a second voice, where its weights are present."""

import cv2
import numpy as np

from roop.models.networks import Network
from roop.safety.nudity import Finding
from roop.types import Pixels

REFUSED = 0.85
"""Probability from which a picture is refused, as in the tool that this one succeeds."""

_RESIZED, _CROPPED = 256, 224
"""Pixels of the square that a picture is laid into, and of its middle that is looked at."""

_MEANS = np.array([104, 117, 123], np.float32)
"""Of blue, green and red; the network was trained on what is left without them."""


class OpenNsfw:
    """Looks at one picture at a time.

    Args:
        network: As loaded by ``roop.models.networks.nudity``.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return how sure it is that an RGB picture is refused, None if it is not."""
        square = cv2.resize(pixels, (_RESIZED, _RESIZED), interpolation=cv2.INTER_AREA)
        margin = (_RESIZED - _CROPPED) // 2
        crop = square[margin:-margin, margin:-margin, ::-1].astype(np.float32) - _MEANS
        (probabilities,) = self._network.run(crop[np.newaxis])
        score = float(probabilities[1])
        return None if score < REFUSED else Finding("nudity", score)
