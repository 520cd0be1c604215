"""The interface of face detectors, and what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.geometry import Square
from roop.types import Pixels, Points

_MAX_OVERLAP = 0.3
"""Detections whose boxes overlap by more (intersection over union) are the same face."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face found by a detector."""

    box: NDArray[np.float32]
    """``(4,)`` x0, y0, x1, y1 from the brows or the hairline to the chin."""
    keypoints: Points
    """``(K, 2)``: the person's right eye, left eye and tip of the nose. BlazeFace adds the mouth,
    the right and the left ear; other detectors the right and the left corner of the mouth."""
    score: float
    """Confidence, 0..1."""

    def scaled(self, zoom: float) -> "Detection":
        """Return the same face in an image ``zoom`` times as large."""
        return Detection(self.box * zoom, self.keypoints * zoom, self.score)

    def square(self) -> Square:
        """Return the region to fit a mesh in: upright with the head, 1.5 times as large."""
        x0, y0, x1, y1 = self.box
        right, left = self.keypoints[0], self.keypoints[1]
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        side = 1.5 * float(max(x1 - x0, y1 - y0))
        return Square(float(x0 + x1) / 2, float(y0 + y1) / 2, side, angle)


class Detector(Protocol):
    """Finds faces in images; derive from it.

    Boxes and key points are in pixels of the image that is passed in.
    """

    side: int = 640
    """Longer side, in pixels, beyond which ``detect`` sees no more detail."""

    def detect(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first; small ones may be missed."""
        ...

    def detect_tiled(self, image: Pixels) -> list[Detection]:
        """Return the faces of ``image``, best first, small ones included; may be slow."""
        return self.detect(image)

    def detect_some_tiles(self, image: Pixels, round_number: int) -> list[Detection]:
        """Return small faces that ``detect`` misses, in another part of ``image`` each round."""
        return []


def non_max_suppression(detections: Sequence[Detection]) -> list[Detection]:
    """Return the best of the detections that overlap, best first."""
    boxes = [(*one.box[:2].tolist(), *(one.box[2:] - one.box[:2]).tolist()) for one in detections]
    kept = cv2.dnn.NMSBoxes(boxes, [one.score for one in detections], 0.0, _MAX_OVERLAP)
    return [detections[i] for i in kept]


def intersection_over_union(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the intersection over union of two xyxy boxes, 0..1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    total = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / total if total > 0 else 0.0
