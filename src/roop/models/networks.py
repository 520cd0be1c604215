"""The networks of the embedded engine and of the screen: faces, meshes, body parts, nudity."""

from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.files.folder import ModelFolder
from roop.options import Settings

Tensor = NDArray[np.float32]
"""``(1, 3, H, W)``: RGB planes of one picture, scaled as the network's builder says."""

PACKAGED = ("blazeface", "face_mesh")
"""Catalogue rows of detector and mesh, whose files are part of this package."""

DOWNLOADED = ("blazeface_onnx", "face_mesh_onnx")
"""The same networks as ONNX files."""

SCREEN, SECOND = "nudenet_320n", "open_nsfw"
"""Catalogue rows of the screen: one that every job needs, one that is used where it is."""


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
    return _load(settings, 0)


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
    return _load(settings, 1)


def body_parts(settings: Settings) -> Network:
    """Load the detector of clothed and bare body parts.

    Its input is ``(1, 3, 320, 320)`` RGB in 0..1. Its output is ``(22, 2100)``: for each candidate
    the centre, width and height of its box in input pixels, and the scores 0..1 of 18 classes.
    RGB is what it was trained on; its makers' own code feeds it BGR by mistake
    (https://github.com/notAI-tech/NudeNet/issues/203).

    Raises:
        ModelError: The network's file is missing, or is not exactly the one that is expected.

    Source: NudeNet 3.4 (a YOLOv8n), github.com/notAI-tech/NudeNet.
    """
    return _exact(ModelFolder(settings), SCREEN)


def nudity(settings: Settings) -> Network | None:
    """Load the classifier of nudity, if its file lies in the folder of models.

    Its input is ``(1, 224, 224, 3)`` BGR in 0..255 less the means (104, 117, 123). Its output is
    ``(2,)``: the probabilities that the picture is decent and that it is not.

    Returns:
        None without the file, which is never downloaded unasked.

    Raises:
        ModelError: The file is not exactly the one that is expected.

    Source: Yahoo, "Open nsfw model", 2016, github.com/yahoo/open_nsfw.
    """
    folder = ModelFolder(settings)
    return _exact(folder, SECOND) if SECOND in screen_models(folder) else None


def screen_models(folder: ModelFolder) -> tuple[str, ...]:
    """Return the names of the catalogue rows that screen on this machine."""
    path = folder.locate(folder.catalogue[SECOND])
    return (SCREEN, SECOND) if path is not None and path.exists() else (SCREEN,)


def _exact(folder: ModelFolder, name: str) -> Network:
    """Load a network of the screen after reading its whole file.

    Always: a file of the right size may have been put in its place.
    """
    model = folder.catalogue[name]
    path, fault = folder.locate(model), folder.problem(model)
    if path is None or fault or not model.matches(path):
        hint = folder.how_to_fix(model) if model.package else f"delete {path} or fetch it again"
        raise ModelError(
            f"the model {name} is {fault or 'damaged: its sha256 differs'}, "
            "and nothing is made without the screen for nudity",
            hint=hint,
        )
    from roop.models.onnx_network import OnnxNetwork  # takes half a second to import

    return OnnxNetwork(path, model)


def embedded_models(folder: ModelFolder) -> tuple[str, str]:
    """Return the names of the detector's and the mesh's catalogue rows on this machine.

    Their files are part of this package. Where their runtime has no wheel, the same networks are
    downloaded as ONNX files.
    """
    path = folder.locate(folder.catalogue["face_mesh"])
    packaged = path is not None and path.is_file() and _runs_packaged()
    return PACKAGED if packaged else DOWNLOADED


def _runs_packaged() -> bool:
    """Tell whether the runtime of the packaged files is here; some systems have no wheel of it."""
    return find_spec("ai_edge_litert") is not None


def _load(settings: Settings, index: int) -> Network:
    folder = ModelFolder(settings)
    model = folder.catalogue[embedded_models(folder)[index]]
    try:
        path = folder.require(model.name)
    except ModelError as error:
        if model.package or not _runs_packaged():
            raise
        packaged = folder.catalogue[PACKAGED[index]]
        hint = f"{folder.how_to_fix(packaged)}; or {error.hint}"
        raise ModelError(str(error), hint=hint) from error
    if path.suffix == ".tflite":
        from roop.models.runtimes.litert import LiteRtNetwork

        return LiteRtNetwork(path, model)
    from roop.models.onnx_network import OnnxNetwork  # takes half a second to import

    return OnnxNetwork(path, model)
