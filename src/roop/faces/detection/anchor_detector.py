"""Detect faces with SCRFD or YuNet: one run of the network finds small faces too."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.detection.base import Detection, Detector, non_max_suppression
from roop.models.session import Session
from roop.types import Pixels, Points

_SIDE = 640
"""Side of the input of a network that takes any size, pixels."""

_STRIDES = (8, 16, 32)
"""Pixels between two anchors of each of the network's feature maps."""

_MIN_SCORE = 0.5

Outputs = Mapping[str, NDArray[np.float32]]
"""The network's outputs, by role."""

Candidates = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Scores ``(K,)``, xyxy boxes ``(K, 4)`` and points ``(K, 5, 2)`` of ``K`` anchors, pixels."""


class AnchorDetector(Detector):
    """Finds faces of 2 % of the image's longer side and more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spec = session.model.input("pixels")
        self._side = self._spec.shape[-1] or _SIDE
        self._decode = DECODERS[session.model.family]

    @override
    def detect(self, image: Pixels) -> list[Detection]:
        height, width = image.shape[:2]
        zoom = max(height, width) / self._side
        size = (max(int(width / zoom), 1), max(int(height / zoom), 1))
        canvas = np.zeros((1, self._side, self._side, 3), np.uint8)
        canvas[0, : size[1], : size[0]] = cv2.resize(image, size)
        outputs = self._session.run({"pixels": self._spec.encode(canvas)})
        found: list[Detection] = []
        for stride in _STRIDES:
            scores, boxes, points = self._decode(outputs, stride, self._side)
            found += [
                Detection(boxes[i] * zoom, points[i] * zoom, float(scores[i]))
                for i in np.flatnonzero(scores >= _MIN_SCORE)
            ]
        return non_max_suppression(found)


def _decode_scrfd(outputs: Outputs, stride: int, side: int) -> Candidates:
    """Decode distances from two anchors at every centre.

    Source: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection",
    ICLR 2022.
    """
    centres = np.repeat(_anchor_centres(stride, side), 2, axis=0)
    distances = outputs[f"boxes_{stride}"].reshape(-1, 4) * stride
    boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
    points = centres[:, None] + outputs[f"points_{stride}"].reshape(-1, 5, 2) * stride
    return outputs[f"scores_{stride}"].ravel(), boxes, points


def _decode_yunet(outputs: Outputs, stride: int, side: int) -> Candidates:
    """Decode an offset and the logarithm of a size at every centre.

    Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; OpenCV,
    ``FaceDetectorYN``.
    """
    centres = _anchor_centres(stride, side)
    class_scores, object_scores = (
        outputs[f"{role}_{stride}"].ravel().clip(0, 1) for role in ("classes", "objects")
    )
    raw = outputs[f"boxes_{stride}"].reshape(-1, 4)
    middles, half = centres + raw[:, :2] * stride, np.exp(raw[:, 2:]) * (stride / 2)
    boxes = np.concatenate([middles - half, middles + half], axis=1)
    points = centres[:, None] + outputs[f"points_{stride}"].reshape(-1, 5, 2) * stride
    return np.sqrt(class_scores * object_scores), boxes, points


DECODERS: Mapping[str, Callable[[Outputs, int, int], Candidates]] = MappingProxyType(
    {"scrfd": _decode_scrfd, "yunet": _decode_yunet}
)
"""How to decode the outputs of each family in the catalogue."""


def _anchor_centres(stride: int, side: int) -> Points:
    """Return the ``(K, 2)`` centres of a stride's anchors, row by row, in input pixels."""
    y, x = np.mgrid[: side // stride, : side // stride]
    return (np.stack([x, y], axis=-1).reshape(-1, 2) * stride).astype(np.float32)
