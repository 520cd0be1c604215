"""Tell people apart by a recognition network, where one is at hand."""

import cv2
import numpy as np

from roop.faces.descriptor import Descriptor
from roop.faces.mesher import cut
from roop.faces.topology import five_points
from roop.geometry import Square, align
from roop.models.loader import Models
from roop.models.sessions import Session
from roop.options import Settings
from roop.types import Frame, Mesh

MODELS = ("w600k_r50", "sface")
"""Rows of the catalogue that recognise people, the best first."""

_UNITS = {"arcface": 1.0, "sface": 0.85 / 1.274}
"""By family, what brings distances onto the original tool's scale, which is ArcFace's own; the
makers of SFace take two faces for one up to 1.274 (a cosine of 0.363)."""


class EmbeddingRecogniser:
    """Describes a face by the embedding of its aligned crop.

    Source: Deng et al., "ArcFace", CVPR 2019; Zhong et al., "SFace", TIP 2021.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spec = session.model.input("pixels")
        self.name = session.model.name

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``."""
        model, side = self._session.model, self._spec.shape[-1]
        crop, _ = cut(frame, _square(mesh, model.alignment or "", side))
        pixels = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
        vector = self._session.run({"pixels": self._spec.encode(pixels[None])})["embedding"]
        unit = _UNITS.get(model.family, 1.0)
        return Descriptor(vector, np.ones(1, np.float32), unit=unit)


def present_recogniser(models: Models, settings: Settings) -> EmbeddingRecogniser | None:
    """Return the best recogniser whose weights are here and may be used; nothing is downloaded.

    Raises:
        ModelError: Its file cannot be run.
    """
    for name in MODELS:
        model = models.folder.catalogue[name]
        allowed = settings.licence == "any" or model.commercial
        if allowed and models.folder.fault(model) is None:
            return EmbeddingRecogniser(models.session(name))
    return None


def _square(mesh: Mesh, template: str, side: int) -> Square:
    """Return the region of the frame that the aligned crop shows."""
    to_crop = align(five_points(mesh), template, side)
    back = cv2.invertAffineTransform(to_crop)
    centre = back @ np.array([(side - 1) / 2, (side - 1) / 2, 1])
    length = side * float(np.hypot(back[0, 0], back[1, 0]))
    angle = float(np.arctan2(back[1, 0], back[0, 0]))
    return Square(float(centre[0]), float(centre[1]), length, angle)
