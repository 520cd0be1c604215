"""Choose what finds faces, by its name in the catalogue."""

from roop.faces.detection.anchor_detector import AnchorDetector
from roop.faces.detection.blazeface import Detector, FaceDetector
from roop.models.loader import Models
from roop.models.networks import face_detector
from roop.models.roles import EMBEDDED_DETECTOR
from roop.options import Settings


def load_detector(name: str, models: Models, settings: Settings) -> Detector:
    """Load the detector called ``name``, or the first of the family of that name.

    Raises:
        ModelError: There is none, or its file cannot be had or run.
    """
    model = models.folder.catalogue.choose("detect", name)
    if model.family == EMBEDDED_DETECTOR:
        return FaceDetector(face_detector(settings))
    return AnchorDetector(models.session(model.name))
