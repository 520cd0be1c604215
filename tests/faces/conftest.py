import pytest

from roop.faces.detection.blazeface import BlazeFaceDetector
from roop.faces.mesh.mesher import FaceMesher
from roop.models.networks import face_detector, face_mesh
from roop.options import Settings


@pytest.fixture(scope="session")
def detector() -> BlazeFaceDetector:
    return BlazeFaceDetector(face_detector(Settings()))


@pytest.fixture(scope="session")
def mesher() -> FaceMesher:
    return FaceMesher(face_mesh(Settings()))
