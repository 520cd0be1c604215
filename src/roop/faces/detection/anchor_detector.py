"""Find faces in a picture with SCRFD or YuNet: one look, small faces included."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.detection.blazeface import Detection, Detector, suppress
from roop.models.session import Session
from roop.types import Pixels, Points

_SIDE = 640
"""Side of the picture that a network without a size of its own is shown, pixels."""

_STRIDES = (8, 16, 32)
"""Pixels between two places of which a network says whether a face is there."""

_MIN_SCORE = 0.5

Answers = Mapping[str, NDArray[np.float32]]
"""What the network says, by role."""

Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Of ``K`` anchors scores ``(K,)``, xyxy boxes ``(K, 4)`` and points ``(K, 5, 2)``, pixels."""


class AnchorDetector(Detector):
    """Finds faces of 2 % of the picture's longer side and more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spec = session.model.input("pixels")
        self._side = self._spec.shape[-1] or _SIDE
        self._read = READERS[session.model.family]

    @override
    def detect(self, picture: Pixels) -> list[Detection]:
        height, width = picture.shape[:2]
        zoom = max(height, width) / self._side
        size = (max(int(width / zoom), 1), max(int(height / zoom), 1))
        canvas = np.zeros((1, self._side, self._side, 3), np.uint8)
        canvas[0, : size[1], : size[0]] = cv2.resize(picture, size)
        answers = self._session.run({"pixels": self._spec.encode(canvas)})
        found: list[Detection] = []
        for stride in _STRIDES:
            scores, boxes, points = self._read(answers, stride, self._side)
            found += [
                Detection(boxes[i] * zoom, points[i] * zoom, float(scores[i]))
                for i in np.flatnonzero(scores >= _MIN_SCORE)
            ]
        return suppress(found)


def _read_scrfd(answers: Answers, stride: int, side: int) -> Found:
    """Read distances from two anchors at every place.

    Source: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection",
    ICLR 2022.
    """
    places = np.repeat(_places(stride, side), 2, axis=0)
    away = answers[f"boxes_{stride}"].reshape(-1, 4) * stride
    boxes = np.concatenate([places - away[:, :2], places + away[:, 2:]], axis=1)
    points = places[:, None] + answers[f"points_{stride}"].reshape(-1, 5, 2) * stride
    return answers[f"scores_{stride}"].ravel(), boxes, points


def _read_yunet(answers: Answers, stride: int, side: int) -> Found:
    """Read centre and logarithm of the size at every place.

    Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; OpenCV,
    ``FaceDetectorYN``.
    """
    places = _places(stride, side)
    kind, there = (
        answers[f"{role}_{stride}"].ravel().clip(0, 1) for role in ("classes", "objects")
    )
    raw = answers[f"boxes_{stride}"].reshape(-1, 4)
    centres, half = places + raw[:, :2] * stride, np.exp(raw[:, 2:]) * (stride / 2)
    boxes = np.concatenate([centres - half, centres + half], axis=1)
    points = places[:, None] + answers[f"points_{stride}"].reshape(-1, 5, 2) * stride
    return np.sqrt(kind * there), boxes, points


READERS: Mapping[str, Callable[[Answers, int, int], Found]] = MappingProxyType(
    {"scrfd": _read_scrfd, "yunet": _read_yunet}
)
"""How the answers of a family of the catalogue are read."""


def _places(stride: int, side: int) -> Points:
    """Return the ``(K, 2)`` places of a stride, row by row."""
    y, x = np.mgrid[: side // stride, : side // stride]
    return (np.stack([x, y], axis=-1).reshape(-1, 2) * stride).astype(np.float32)
