"""Detection of nudity by the body parts in an image."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.models.networks import Network
from roop.types import Pixels

INPUT_SIDE = 320
"""Side of the detector's square input, in pixels."""

REFUSED = {
    2: ("bare buttocks", 0.6),  # higher: beachwear scores up to the usual 0.5
    3: ("a bare female breast", 0.5),
    4: ("bare female genitals", 0.5),
    6: ("a bare anus", 0.5),
    14: ("bare male genitals", 0.5),
}
"""Refused classes: description, and the score from which an image is refused.

The other classes (faces, feet, bellies, armpits, male chests, covered parts) are always allowed.
"""

_GRID = 32
"""The sides of the network's input are multiples of it."""

_DOUBT = 0.25
"""How far below its limit a score of the first look may be and yet the square decides."""

_SHRINK = 0.75
"""Scale of the image in the third, smaller view."""

_CORNER = 0.5
"""Share of the sides of a pattern that its corner keeps."""

_PATTERN_SIDE = 32
"""Side of the small copy in which a pattern is recognised."""

_SAME = 0.15
"""Difference of an image from its turned copy, in standard deviations, up to which it is a
pattern."""

Scores = NDArray[np.float32]
"""``(18,)``: the best score of each class in an image, 0..1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to refuse an image."""

    label: str
    score: float
    """Confidence, 0..1."""


class NudityDetector:
    """Detects nudity in one image at a time.

    Args:
        network: As loaded by ``roop.models.networks.body_parts``.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return why an RGB image is refused, None if it is not.

        The first look is at the image with little black beside it, which takes two thirds of the
        time. Where it leaves any doubt, the image in its square decides. A positive result is
        checked again on the mirrored and on a smaller image, and the lowest of the three scores
        counts: close-ups of mouths and chins seldom pass for a body in all three. Of a pattern,
        such as a colour wheel, a corner must be refused as well.
        """
        if not _reach(self.scores(pad_to_grid(pixels)), _DOUBT):
            return None
        square = pad_to_square(pixels)
        scores = self.scores(square)
        if not _reach(scores):
            return None
        for view in _augmented_views(square):
            scores = np.minimum(scores, self.scores(view))
        if _is_pattern(pixels):
            scores = np.minimum(scores, self.scores(pad_to_square(_corner(pixels))))
        found = [
            Finding(label, float(scores[index]))
            for index, (label, least) in REFUSED.items()
            if scores[index] >= least
        ]
        return max(found, key=lambda finding: finding.score, default=None)

    def scores(self, padded: Pixels) -> Scores:
        """Return the best score of each class in an image whose sides are multiples of 32."""
        planes = padded.transpose(2, 0, 1)[np.newaxis].astype(np.float32)
        (candidates,) = self._network.run(planes / np.float32(255))
        by_class = candidates[4:]  # after the four rows of the boxes
        # A candidate counts only for its best class, as in the makers' post-processing.
        best = by_class == by_class.max(axis=0)
        scores: Scores = np.where(best, by_class, np.float32(0)).max(axis=1)
        return scores


def pad_to_square(pixels: Pixels) -> Pixels:
    """Fit an image into the top left of a black square of 320 x 320 pixels."""
    fitted = _fitted(pixels)
    square = np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8)
    square[: fitted.shape[0], : fitted.shape[1]] = fitted
    return square


def pad_to_grid(pixels: Pixels) -> Pixels:
    """Return the same without the black that the network does not need."""
    fitted = _fitted(pixels)
    height, width = (-(-side // _GRID) * _GRID for side in fitted.shape[:2])
    padded = np.zeros((height, width, 3), np.uint8)
    padded[: fitted.shape[0], : fitted.shape[1]] = fitted
    return padded


def _fitted(pixels: Pixels) -> Pixels:
    """Return an image whose longer side is the network's input."""
    height, width = pixels.shape[:2]
    scale = INPUT_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size != (width, height):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, size, interpolation=method).astype(np.uint8)
    return pixels


def _reach(scores: Scores, doubt: float = 0.0) -> bool:
    """Return True if a class is refused, or falls short of that by no more than ``doubt``."""
    return any(scores[index] >= least - doubt for index, (_, least) in REFUSED.items())


def _augmented_views(square: Pixels) -> Iterator[Pixels]:
    yield np.ascontiguousarray(square[:, ::-1])
    side = round(INPUT_SIDE * _SHRINK)
    start = (INPUT_SIDE - side) // 2
    smaller = np.zeros_like(square)
    smaller[start : start + side, start : start + side] = cv2.resize(
        square, (side, side), interpolation=cv2.INTER_AREA
    )
    yield smaller


def _is_pattern(pixels: Pixels) -> bool:
    """Return True for an image that is as light everywhere as when turned by a quarter.

    No body is. But four of them in a ring are, so that such an image is not passed for this alone.
    """
    height, width = pixels.shape[:2]
    if not 0.95 < width / height < 1.05:
        return False
    size = (_PATTERN_SIDE, _PATTERN_SIDE)
    light = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).max(axis=2).astype(np.float32)
    return bool(np.abs(light - np.rot90(light)).mean() < _SAME * light.std())


def _corner(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return pixels[: round(height * _CORNER), : round(width * _CORNER)]
