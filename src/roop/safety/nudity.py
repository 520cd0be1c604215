"""Tell whether a picture shows nudity, by the body parts that a detector finds in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.models.networks import Network
from roop.types import Pixels

INPUT_SIDE = 320
"""Pixels of the square that the detector looks at."""

REFUSED = {
    2: ("bare buttocks", 0.6),  # higher: beachwear scores up to the usual 0.5
    3: ("a bare female breast", 0.5),
    4: ("bare female genitals", 0.5),
    6: ("a bare anus", 0.5),
    14: ("bare male genitals", 0.5),
}
"""Class: what it is, and the score from which it is refused.

The other classes (faces, feet, bellies, armpits, a man's chest, whatever is covered) never are.
"""

_SHRINK = 0.75
"""Size of the picture in the third look, as a share of the first."""

Scores = NDArray[np.float32]
"""``(18,)``: the best score of each class in a picture, 0..1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen that is refused."""

    what: str
    score: float
    """How sure that is, 0..1."""


class NudityDetector:
    """Looks at one picture at a time.

    Args:
        network: As loaded by ``roop.models.networks.body_parts``.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return what is refused in an RGB picture, None if nothing is.

        A suspicion is looked at again, mirrored and smaller on black: what the network takes a
        close-up of a mouth or a chin for seldom holds in all three, a body does. The score is the
        lowest of the three.
        """
        square = pad_to_square(pixels)
        scores = self.scores(square)
        if not any(scores[index] >= least for index, (_, least) in REFUSED.items()):
            return None
        for view in _augmented_views(square):
            scores = np.minimum(scores, self.scores(view))
        found = [
            Finding(what, float(scores[index]))
            for index, (what, least) in REFUSED.items()
            if scores[index] >= least
        ]
        return max(found, key=lambda finding: finding.score, default=None)

    def scores(self, square: Pixels) -> Scores:
        """Return the best score of each class in a picture of 320 x 320 pixels."""
        planes = square.transpose(2, 0, 1)[np.newaxis].astype(np.float32)
        (candidates,) = self._network.run(planes / np.float32(255))
        by_class = candidates[4:]  # four rows of box sides, then one row for each class
        # A candidate counts for its best class only, as in the network's own post-processing.
        best = by_class == by_class.max(axis=0)
        scores: Scores = np.where(best, by_class, np.float32(0)).max(axis=1)
        return scores


def pad_to_square(pixels: Pixels) -> Pixels:
    """Return a picture in the top left of a black square of 320 x 320 pixels, as large as fits."""
    height, width = pixels.shape[:2]
    scale = INPUT_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != (width, height):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, size, interpolation=method).astype(np.uint8)
    square = np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8)
    square[: size[1], : size[0]] = pixels
    return square


def _augmented_views(square: Pixels) -> Iterator[Pixels]:
    yield np.ascontiguousarray(square[:, ::-1])
    side = round(INPUT_SIDE * _SHRINK)
    start = (INPUT_SIDE - side) // 2
    smaller = np.zeros_like(square)
    smaller[start : start + side, start : start + side] = cv2.resize(
        square, (side, side), interpolation=cv2.INTER_AREA
    )
    yield smaller
