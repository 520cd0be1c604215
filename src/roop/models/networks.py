"""The two networks of the embedded engine: where a face is, and its mesh of 468 points."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.options import Settings

Tensor = NDArray[np.float32]
"""``(1, 3, H, W)``: RGB planes of one picture, scaled as the network's builder says."""

_DETECTOR = "modules/face_detection/face_detection_short_range.tflite"
_MESH = "modules/face_landmark/face_landmark.tflite"


class Network(Protocol):
    """A loaded network. Not to be run by two threads at once; load one per thread."""

    def run(self, batch: Tensor) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the order and shapes its builder promises."""
        ...


def face_detector(settings: Settings) -> Network:
    """Load the short-range face detector.

    Its input is ``(1, 3, 128, 128)`` RGB in -1..1. Its outputs are ``(896, 16)`` raw regressors
    (centre, size and six key points as offsets from each anchor, in input pixels) and ``(896,)``
    raw logits.

    Raises:
        ModelError: The network's file is missing or damaged.

    Source: Bazarevsky et al., "BlazeFace", CVPR workshop 2019.
    """
    return TfliteNetwork(_wheel_file(_DETECTOR), ("regressors", "classificators"), _DETECTOR_SHAPES)


def face_mesh(settings: Settings) -> Network:
    """Load the face mesh.

    Its input is ``(1, 3, 192, 192)`` RGB in 0..1 of an upright face with a margin. Its outputs are
    ``(468, 3)`` points in input pixels (z grows away from the camera, in the same unit) and
    ``()``, the logit of the confidence that there is a face.

    Raises:
        ModelError: The network's file is missing or damaged.

    Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
    GPUs", CVPR workshop 2019.
    """
    return TfliteNetwork(_wheel_file(_MESH), ("conv2d_21", "conv2d_31"), _MESH_SHAPES)


_DETECTOR_SHAPES = ((896, 16), (896,))
_MESH_SHAPES = ((468, 3), ())


class TfliteNetwork:
    """A TensorFlow Lite file run by OpenCV."""

    def __init__(
        self, path: Path, outputs: Sequence[str], shapes: Sequence[tuple[int, ...]]
    ) -> None:
        try:
            self._net = cv2.dnn.readNetFromTFLite(str(path))
        except cv2.error as error:
            raise ModelError(
                f"the network {path.name} cannot be read", hint="reinstall mediapipe==0.10.21"
            ) from error
        self._outputs = list(outputs)
        self._shapes = tuple(shapes)

    def run(self, batch: Tensor) -> tuple[NDArray[np.float32], ...]:
        """Return copies of the outputs for ``batch`` in the shapes given at loading."""
        self._net.setInput(batch)
        blobs = self._net.forward(self._outputs)
        return tuple(
            np.array(blob, np.float32).reshape(shape)
            for blob, shape in zip(blobs, self._shapes, strict=True)
        )


def _wheel_file(name: str) -> Path:
    spec = find_spec("mediapipe")  # a look at the path: the package itself is not imported
    if spec is None or spec.origin is None:
        raise ModelError(
            "the networks of the embedded engine are missing",
            hint="install mediapipe==0.10.21",
        )
    return Path(spec.origin).parent / name
