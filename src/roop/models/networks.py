"""The networks of the built-in engine and of the screen: faces, meshes, body parts, nudity."""

from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.files.folder import ModelFolder
from roop.options import Settings

Tensor = NDArray[np.float32]
"""``(1, 3, H, W)``: RGB planes of one image, scaled as the loading function documents."""

PACKAGED = ("blazeface", "face_mesh")
"""Catalogue names of detector and mesh; their files are part of this package."""

ATTENTION = "face_mesh_attention"
"""Catalogue name of the closer look at a face that the mesh has found."""

DOWNLOADED = ("blazeface_onnx", "face_mesh_onnx")
"""The same networks as ONNX files."""

SCREEN, SECOND = "nudenet_320n", "open_nsfw"
"""Catalogue names of the screen's networks: the required one and the optional one."""


class Network(Protocol):
    """A loaded network. Safe for threads, which wait for each other."""

    @property
    def any_size(self) -> bool:
        """True if a convolutional network takes images larger than its input, too."""
        ...

    def run(self, batch: Tensor) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the order its loader documents."""
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


def attention_mesh(settings: Settings) -> Network | None:
    """Load the face mesh with attention, which finds lips, lids, brows and irises more exactly.

    Its input is that of ``face_mesh``; its first output is ``(478, 3)`` points. The last ten are
    the irises, the middle of the person's right one first, that of the left one at 473. Its logit
    tells faces from other things less well.

    Returns:
        None on systems without the runtime of the packaged networks.

    Raises:
        ModelError: The network's file is damaged.

    Source: Grishchenko et al., "Attention Mesh", CVPR workshop 2020.
    """
    folder = ModelFolder(settings)
    model = folder.catalogue[ATTENTION]
    path = folder.locate(model)
    if path is None or not path.is_file() or not _runs_packaged():
        return None
    from roop.models.runtimes.attention import AttentionMeshNetwork

    return AttentionMeshNetwork(path, model)


def body_parts(settings: Settings) -> Network:
    """Load the detector of clothed and bare body parts.

    Its input is ``(1, 3, H, W)`` RGB in 0..1, with sides that are multiples of 32; it was trained
    at 320 x 320. Its output is ``(22, N)``: for each candidate (2100 at that size) the centre,
    width and height of its box in input pixels, and the scores 0..1 of 18 classes.
    RGB is what it was trained on; its makers' own code feeds it BGR by mistake
    (https://github.com/notAI-tech/NudeNet/issues/203).

    Raises:
        ModelError: The network's file is missing or not the expected one.

    Source: NudeNet 3.4 (a YOLOv8n), github.com/notAI-tech/NudeNet.
    """
    return _exact(ModelFolder(settings), SCREEN)


def nudity(settings: Settings) -> Network | None:
    """Load the optional classifier of nudity, if its file is on this machine.

    Its input is ``(1, 224, 224, 3)`` BGR in 0..255 less the means (104, 117, 123). Its output is
    ``(2,)``: the probabilities that the image is decent and that it is not.

    Returns:
        None without the file, which is never downloaded automatically.

    Raises:
        ModelError: The file is not the expected one.

    Source: Yahoo, "Open nsfw model", 2016, github.com/yahoo/open_nsfw.
    """
    folder = _second_folder(settings)
    return None if folder is None else _exact(folder, SECOND)


def screen_models(settings: Settings) -> tuple[str, ...]:
    """Return the catalogue names of the screen's networks on this machine."""
    return (SCREEN,) if _second_folder(settings) is None else (SCREEN, SECOND)


def _second_folder(settings: Settings) -> ModelFolder | None:
    """Return where the optional classifier is, None if it is nowhere.

    The user's own folder comes first, so that no other folder of models leaves the classifier out.
    """
    for models in (None, settings.models):
        folder = ModelFolder(settings.model_copy(update={"models": models}))
        path = folder.locate(folder.catalogue[SECOND])
        if path is not None and path.exists():
            return folder
    return None


def _exact(folder: ModelFolder, name: str) -> Network:
    """Load a network of the screen after verifying its digest.

    The size is not enough: another file may have been put in its place.
    """
    model = folder.catalogue[name]
    path, fault = folder.locate(model), folder.problem(model)
    if path is None or fault or not model.matches(path):
        hint = folder.how_to_fix(model) if model.package else f"delete {path} or download it again"
        raise ModelError(
            f"the model {name} is {fault or 'damaged: its sha256 differs'}, "
            "and roop makes nothing without the screen for nudity",
            hint=hint,
        )
    from roop.models.onnx_network import OnnxNetwork  # takes half a second to import

    return OnnxNetwork(path, model)


def embedded_models(folder: ModelFolder) -> tuple[str, str]:
    """Return the catalogue names of the detector and the mesh on this machine.

    Their files are part of this package. Without their runtime, which some systems have no wheel
    of, the same networks are downloaded as ONNX files.
    """
    path = folder.locate(folder.catalogue[PACKAGED[1]])
    packaged = path is not None and path.is_file() and _runs_packaged()
    return PACKAGED if packaged else DOWNLOADED


def _runs_packaged() -> bool:
    """Return whether the runtime of the packaged files is installed."""
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
