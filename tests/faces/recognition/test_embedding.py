"""Recognising people by a network: which one is taken, and what it is shown."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from roop.faces.analyser import Analyser
from roop.faces.recognition.embedding import EmbeddingRecogniser, load_installed_recogniser
from roop.models.catalogue import Catalogue
from roop.models.loader import Models
from roop.options import Settings
from roop.types import Pixels
from support.heads import ASTRONAUT, astronaut, backdrop, frame, hopper, placed
from support.networks import make_models
from support.swapping import mesh_on


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalogue]:
    path = tmp_path_factory.mktemp("models")
    return path, make_models(path)


def recogniser(
    path: Path, catalogue: Catalogue, licence: str = "any"
) -> EmbeddingRecogniser | None:
    settings = Settings.model_validate({"models": path, "offline": True, "licence": licence})
    return load_installed_recogniser(Models(settings, catalogue=catalogue), settings)


def test_the_best_installed_and_allowed_one_is_loaded(
    folder: tuple[Path, Catalogue], tmp_path: Path
) -> None:
    path, catalogue = folder
    best, free = recogniser(path, catalogue), recogniser(path, catalogue, "permissive")
    assert best is not None
    assert best.name == "w600k_r50"
    assert free is not None
    assert free.name == "sface"
    assert recogniser(tmp_path, catalogue) is None
    shutil.copy(path / catalogue["sface"].filename, tmp_path)
    only = recogniser(tmp_path, catalogue)
    assert only is not None
    assert only.name == "sface"


class FakeSession:
    """Takes the place of a session and keeps what the network would be shown."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.model = catalogue["w600k_r50"]
        self.pixels = np.zeros((1, 3, 112, 112), np.float32)

    def run(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.pixels = batch["pixels"]
        return {"embedding": np.ones((1, 512), np.float32)}


@pytest.mark.parametrize(("degrees", "scale"), [(0.0, 1.0), (25.0, 1.7), (-40.0, 0.6)])
def test_the_network_gets_the_aligned_face(
    folder: tuple[Path, Catalogue], analyser: Analyser, degrees: float, scale: float
) -> None:
    head = placed(astronaut(), backdrop((800, 800)), (400, 400), degrees=degrees, scale=scale)
    session = FakeSession(folder[1])
    EmbeddingRecogniser(session).describe(frame(head.pixels), mesh_on(analyser, head.pixels))
    given = ((session.pixels[0].transpose(1, 2, 0) + 1) * 127.5).astype(np.float32)
    # ArcFace's own template: mean of the eye corners, nose, mouth corners, in 112 pixels
    marks = {key: np.array(ASTRONAUT[key]) for key in (33, 133, 362, 263, 61, 291)}
    points = [(marks[33] + marks[133]) / 2, (marks[362] + marks[263]) / 2, marks[61], marks[291]]
    template = [(38.29, 51.70), (73.53, 51.50), (41.55, 92.37), (70.73, 92.20)]
    matrix = SimilarityTransform.from_estimate(np.array(points), np.array(template)).params[:2]
    expected = cv2.warpAffine(cv2.GaussianBlur(astronaut(), (0, 0), 0.8), matrix, (112, 112))
    middle = slice(25, 95)
    one, two = (image[middle, middle].mean(axis=2).ravel() for image in (given, expected))
    assert np.corrcoef(one, two)[0, 1] > 0.95


def test_two_people_are_apart_and_one_is_not(
    folder: tuple[Path, Catalogue], analyser: Analyser
) -> None:
    found = recogniser(*folder)
    assert found is not None

    def describe(pixels: Pixels) -> object:
        return found.describe(frame(pixels), mesh_on(analyser, pixels))

    woman, officer = describe(astronaut()), describe(hopper())
    again = describe(placed(astronaut(), backdrop((600, 600)), (300, 300), degrees=10).pixels)
    assert woman.distance(again) < 0.5 * woman.distance(officer)
