"""The two networks of the embedded engine: where a face is, and its mesh of 468 points."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roop.models.folder import ModelFolder
from roop.options import Settings

Tensor = NDArray[np.float32]
"""``(1, 3, H, W)``: RGB planes of one picture, scaled as the network's builder says."""


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
        ModelError: The network's file is missing or damaged and cannot be had.

    Source: Bazarevsky et al., "BlazeFace", CVPR workshop 2019.
    """
    return _load(settings, "blazeface")


def face_mesh(settings: Settings) -> Network:
    """Load the face mesh.

    Its input is ``(1, 3, 192, 192)`` RGB in 0..1 of an upright face with a margin. Its outputs are
    ``(468, 3)`` points in input pixels (z grows away from the camera, in the same unit) and
    ``()``, the logit of the confidence that there is a face.

    Raises:
        ModelError: The network's file is missing or damaged and cannot be had.

    Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
    GPUs", CVPR workshop 2019.
    """
    return _load(settings, "face_mesh")


def embedded_models(folder: ModelFolder) -> tuple[str, str]:
    """Return the names of the detector's and the mesh's catalogue rows on this Python.

    They come with a package where there is a wheel of it, and as a download elsewhere.
    """
    if folder.locate(folder.catalogue["face_mesh"]) is not None:
        return "blazeface", "face_mesh"
    return "blazeface_onnx", "face_mesh_onnx"


def _load(settings: Settings, name: str) -> Network:
    folder = ModelFolder(settings)
    detector, mesh = embedded_models(folder)
    model = folder.catalogue[detector if name == "blazeface" else mesh]
    path = folder.require(model.name)
    if path.suffix == ".tflite":
        from roop.models.tflite import TfliteNetwork

        return TfliteNetwork(path, model)
    from roop.models.onnx import OnnxNetwork  # not installed where the package has the networks

    return OnnxNetwork(path, model)
