"""Recognise people by the embeddings of a recognition network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roop.faces.cutout import make_cutout
from roop.faces.recognition.descriptor import Descriptor
from roop.models.loader import Models
from roop.models.roles import recogniser_model
from roop.models.session import Session
from roop.options import Settings
from roop.types import Frame, Mesh

_DISTANCE_SCALES = {"arcface": 1.0, "sface": 0.85 / 1.274}
"""Factors by family that bring distances onto the scale of the original tool, which is ArcFace's.
SFace's authors take two faces for the same person up to 1.274 (a cosine of 0.363)."""

Embeddings = NDArray[np.float32]
"""``(N, D)``, not normalised; the direction identifies the person."""


def embed(session: Session, faces: Sequence[tuple[Frame, Mesh]]) -> Embeddings:
    """Compute the embeddings of faces.

    Args:
        session: The recogniser.
        faces: Frames, each with the mesh of a face in it.

    Source: Deng et al., "ArcFace", CVPR 2019; Zhong et al., "SFace", TIP 2021.
    """
    model, spec = session.model, session.model.input("pixels")
    crops = []
    for frame, mesh in faces:
        found = make_cutout(mesh, frame.size, template=model.alignment or "", side=spec.shape[-1])
        crops.append(found.cut(frame) if found else np.zeros((*spec.shape[1:], 3), np.uint8))
    return session.run({"pixels": spec.encode(np.stack(crops))})["embedding"]


class EmbeddingRecogniser:
    """Describes a face by its embedding."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.name = session.model.name

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``."""
        vector = embed(self._session, [(frame, mesh)])
        scale = _DISTANCE_SCALES.get(self._session.model.family, 1.0)
        return Descriptor(vector, np.ones(1, np.float32), scale=scale)


def load_installed_recogniser(models: Models, settings: Settings) -> EmbeddingRecogniser | None:
    """Load the best recogniser that is installed, if any; nothing is downloaded.

    Raises:
        ModelError: Its file cannot be run.
    """
    name = recogniser_model(models.folder, settings)
    return EmbeddingRecogniser(models.session(name)) if name else None
