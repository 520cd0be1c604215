"""Choose what finds faces, by its name in the catalogue."""

from roop.faces.anchor_detector import AnchorDetector
from roop.faces.detector import Detector, FaceDetector
from roop.models.folder import ModelFolder
from roop.models.loader import Models
from roop.models.networks import embedded_models, face_detector
from roop.options import Settings

_EMBEDDED = "blazeface"
"""The family that needs no download."""


def detector_model(name: str, folder: ModelFolder) -> str:
    """Return the catalogue's name of the detector called ``name`` on this machine.

    Raises:
        ModelError: There is none.
    """
    model = folder.catalogue.choose("detect", name)
    return embedded_models(folder)[0] if model.family == _EMBEDDED else model.name


def load_detector(name: str, models: Models, settings: Settings) -> Detector:
    """Load the detector called ``name``, or the first of the family of that name.

    Raises:
        ModelError: There is none, or its file cannot be had or run.
    """
    model = models.folder.catalogue.choose("detect", name)
    if model.family == _EMBEDDED:
        return FaceDetector(face_detector(settings))
    return AnchorDetector(models.session(model.name))
