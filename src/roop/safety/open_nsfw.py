"""A second, optional classifier of nudity: Open NSFW, used if its weights are present."""

import cv2
import numpy as np

from roop.models.networks import Network
from roop.safety.nudity import Finding
from roop.types import Pixels

REFUSED = 0.85
"""Probability from which an image is refused, as in the original roop."""

_RESIZED, _CROPPED = 256, 224
"""Sides in pixels: the square to resize an image to, and the centre crop to classify."""

_MEANS = np.array([104, 117, 123], np.float32)
"""Means of blue, green and red, which the network expects to be subtracted."""


class OpenNsfw:
    """Classifies one image at a time.

    Args:
        network: As loaded by ``roop.models.networks.nudity``.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return why an RGB image is refused, None if it is not."""
        square = cv2.resize(pixels, (_RESIZED, _RESIZED), interpolation=cv2.INTER_AREA)
        margin = (_RESIZED - _CROPPED) // 2
        crop = square[margin:-margin, margin:-margin, ::-1].astype(np.float32) - _MEANS
        (probabilities,) = self._network.run(crop[np.newaxis])
        score = float(probabilities[1])
        return None if score < REFUSED else Finding("nudity", score)
