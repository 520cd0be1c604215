"""Load the embedded networks, or a face detector by its name in the catalogue."""

import threading

from roop.faces.detection.anchor_detector import AnchorDetector
from roop.faces.detection.base import Detector
from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.mesh.mesher import FaceMesher
from roop.models.loader import Models
from roop.models.networks import attention_mesh, face_detector, face_mesh
from roop.models.roles import EMBEDDED_DETECTOR
from roop.options import Settings


class EmbeddedNetworks:
    """The embedded networks that find faces; each is loaded on first use. Safe for threads.

    Args:
        settings: Where the networks are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._detector: BlazeFaceDetector | None = None
        self._mesher: FaceMesher | None = None

    @property
    def detector(self) -> BlazeFaceDetector:
        """Finds faces in an image."""
        with self._lock:
            if self._detector is None:
                self._detector = BlazeFaceDetector(face_detector(self._settings))
            return self._detector

    @property
    def mesher(self) -> FaceMesher:
        """Fits meshes to faces."""
        with self._lock:
            if self._mesher is None:
                self._mesher = FaceMesher(face_mesh(self._settings), attention_mesh(self._settings))
            return self._mesher


def load_detector(name: str, models: Models, embedded: EmbeddedNetworks) -> Detector:
    """Load the detector called ``name``, or the first of the family of that name.

    Raises:
        ModelError: There is no such detector, or its file is missing or cannot be run.
    """
    model = models.folder.catalogue.choose("detect", name)
    if model.family == EMBEDDED_DETECTOR:
        return embedded.detector
    return AnchorDetector(models.session(model.name))
