"""Load what finds faces: the embedded networks, or a detector of the catalogue."""

from functools import cached_property

from roop.faces.detection.anchor_detector import AnchorDetector
from roop.faces.detection.blazeface import Detector, FaceDetector
from roop.faces.mesh.mesher import FaceMesher
from roop.models.loader import Models
from roop.models.networks import face_detector, face_mesh
from roop.models.roles import EMBEDDED_DETECTOR
from roop.options import Settings


class EmbeddedNetworks:
    """The embedded networks that find faces; each is loaded when it is first used.

    Args:
        settings: Where they lie.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def detector(self) -> FaceDetector:
        """What finds faces in a picture."""
        return FaceDetector(face_detector(self._settings))

    @cached_property
    def mesher(self) -> FaceMesher:
        """What fits a mesh to a face."""
        return FaceMesher(face_mesh(self._settings))


def load_detector(name: str, models: Models, embedded: EmbeddedNetworks) -> Detector:
    """Load the detector called ``name``, or the first of the family of that name.

    Raises:
        ModelError: There is none, or its file cannot be had or run.
    """
    model = models.folder.catalogue.choose("detect", name)
    if model.family == EMBEDDED_DETECTOR:
        return embedded.detector
    return AnchorDetector(models.session(model.name))
