"""What every recogniser promises; networks are stand-ins that tell photos apart."""

import numpy as np
import pytest

from roop.faces.recognition.descriptor import FARTHEST, Descriptor, Recogniser, mean_descriptor
from roop.faces.recognition.embedding import EmbeddingRecogniser
from roop.faces.recognition.texture import TextureRecogniser
from roop.media.frames.stored_frame import StoredFrame
from roop.models.loader import Models
from roop.models.roles import RECOGNISERS
from roop.options import FaceOptions, Settings
from roop.types import Mesh, Pixels, Portrait
from support.heads import Matrix, backdrop, moved, placed
from support.networks import make_models
from support.swapping import pixels_of


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    settings = Settings(models=folder, offline=True, execution_threads=1)
    return Models(settings, catalogue=make_models(folder))


@pytest.fixture(scope="module", params=["texture", *RECOGNISERS])
def recogniser(request: pytest.FixtureRequest, models: Models) -> Recogniser:
    if request.param == "texture":
        return TextureRecogniser()
    return EmbeddingRecogniser(models.session(request.param))


def describe(recogniser: Recogniser, pixels: Pixels, mesh: Mesh) -> Descriptor:
    return recogniser.describe(StoredFrame(pixels), mesh)


def of(recogniser: Recogniser, portrait: Portrait) -> Descriptor:
    return describe(recogniser, portrait.pixels, portrait.mesh)


def elsewhere(portrait: Portrait, *, scale: float, degrees: float) -> Portrait:
    """Return the same photo at another place of a wall, turned and resized."""
    middle = tuple(portrait.mesh[:, :2].mean(axis=0).tolist())
    canvas = backdrop((900, 800))
    head = placed(portrait.pixels, canvas, (500, 380), middle=middle, scale=scale, degrees=degrees)
    return Portrait(head.pixels, on_canvas(portrait.mesh, head.matrix))


def on_canvas(mesh: Mesh, matrix: Matrix) -> Mesh:
    """Return the mesh of a photo where the photo lies on a canvas."""
    zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.column_stack([moved(mesh, matrix), mesh[:, 2] * zoom]).astype(np.float32)


def darker(portrait: Portrait) -> Portrait:
    return Portrait(np.rint(portrait.pixels * 0.8).astype(np.uint8), portrait.mesh)


def views(portrait: Portrait) -> list[Portrait]:
    """Return other photos of the same person."""
    return [
        elsewhere(portrait, scale=1.0, degrees=0),
        elsewhere(portrait, scale=1.3, degrees=12),
        elsewhere(portrait, scale=0.7, degrees=-12),
        darker(portrait),
    ]


def test_it_has_a_name_for_reports(recogniser: Recogniser) -> None:
    assert recogniser.name
    assert "\n" not in recogniser.name


def test_the_same_person_is_nearer_than_another(
    recogniser: Recogniser, woman: Portrait, elder: Portrait
) -> None:
    for person, other in ((woman, elder), (elder, woman)):
        known, stranger = of(recogniser, person), of(recogniser, other)
        apart = known.distance(stranger)
        for view in views(person):
            seen = of(recogniser, view)
            assert known.distance(seen) < FaceOptions().similar_face_distance
            assert known.distance(seen) < 0.6 * apart
            assert known.distance(seen) < 0.6 * seen.distance(stranger)


def test_distances_have_one_scale(recogniser: Recogniser, woman: Portrait, elder: Portrait) -> None:
    one, other = of(recogniser, woman), of(recogniser, elder)
    assert one.distance(one) == pytest.approx(0, abs=1e-4)
    assert one.distance(other) == pytest.approx(other.distance(one))
    assert 0 < one.distance(other) <= FARTHEST


def test_a_face_agrees_with_itself_most(
    recogniser: Recogniser, woman: Portrait, elder: Portrait
) -> None:
    one, other = of(recogniser, woman), of(recogniser, elder)
    assert one.agreement(one) == 1
    assert 0 <= one.agreement(other) <= 1
    assert one.agreement(of(recogniser, darker(woman))) >= one.agreement(other)


def test_the_mean_of_several_photos_is_that_person(
    recogniser: Recogniser, woman: Portrait, elder: Portrait
) -> None:
    mean = mean_descriptor([of(recogniser, view) for view in views(woman)])
    assert mean.distance(of(recogniser, woman)) < 0.6 * mean.distance(of(recogniser, elder))


def test_the_same_face_gives_the_same_descriptor(recogniser: Recogniser, woman: Portrait) -> None:
    once, again = of(recogniser, woman), of(recogniser, woman)
    assert np.array_equal(once.features, again.features)
    assert np.array_equal(once.weights, again.weights)
    assert once.features.shape[0] == once.weights.shape[0]
    assert np.isfinite(once.features).all()


def test_describing_leaves_the_frame_alone(recogniser: Recogniser, woman: Portrait) -> None:
    frame = StoredFrame(woman.pixels.copy())
    recogniser.describe(frame, woman.mesh)
    assert np.array_equal(pixels_of(frame), woman.pixels)


@pytest.mark.parametrize("step", [(-222, 0), (290, 0), (0, -125), (0, 387), (5000, 5000)])
def test_a_face_beyond_the_edge_is_no_error(
    recogniser: Recogniser, woman: Portrait, step: tuple[int, int]
) -> None:
    away = describe(recogniser, woman.pixels, woman.mesh + np.array([*step, 0], np.float32))
    known = of(recogniser, woman)
    assert 0 <= known.distance(away) <= FARTHEST
    assert 0 <= known.agreement(away) <= 1
