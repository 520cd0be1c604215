"""The mesh lies on the features that a person sees, and goes with the image."""

import numpy as np
import pytest

from roop.faces.analyser import Analyser
from roop.faces.mesh.mesher import FaceMesher, face_square
from roop.faces.mesh.topology import LEFT_EYE, RIGHT_EYE
from roop.geometry import Square
from roop.types import Mesh, Pixels
from support.heads import (
    ASTRONAUT,
    EYES,
    HEAD,
    HOPPER,
    HOPPER_EYES,
    astronaut,
    backdrop,
    frame,
    hopper,
    moved,
    placed,
)


@pytest.mark.parametrize(
    ("photo", "marks", "unit", "tolerance"),
    [(astronaut(), ASTRONAUT, EYES, 0.05), (hopper(), HOPPER, HOPPER_EYES, 0.06)],
    ids=["astronaut", "hopper"],
)
def test_it_lies_where_a_person_reads_the_features(
    analyser: Analyser,
    photo: Pixels,
    marks: dict[int, tuple[float, float]],
    unit: float,
    tolerance: float,
) -> None:
    mesh = analyser.portrait(photo, None, name="photo").mesh
    off = mesh[list(marks), :2] - np.array(list(marks.values()))
    assert np.linalg.norm(off, axis=1).max() < tolerance * unit


def test_the_pupils_lie_between_the_lids(analyser: Analyser) -> None:
    mesh = analyser.portrait(astronaut(), None, name="photo").mesh
    for lids, pupil in ((RIGHT_EYE, (203.5, 100.5)), (LEFT_EYE, (246.5, 103.0))):
        border = mesh[list(lids), :2]
        assert (border.min(axis=0) < pupil).all()
        assert (border.max(axis=0) > pupil).all()


def test_depth_tells_the_nose_from_the_ears(analyser: Analyser) -> None:
    mesh = analyser.portrait(astronaut(), None, name="photo").mesh
    nose, cheeks = mesh[4, 2], mesh[[234, 454], 2]
    assert mesh[:, 2].argmin() in (1, 4, 5, 45, 275)
    assert (cheeks - nose > 0.4 * EYES).all()  # a face is about as deep as its eyes are apart
    assert (cheeks - nose < 1.5 * EYES).all()


@pytest.fixture(scope="module")
def mesh(mesher: FaceMesher) -> Mesh:
    first = mesher.fit(frame(astronaut()), Square(*HEAD, 200, 0))
    return mesher.fit(frame(astronaut()), face_square(first.mesh)).mesh


@pytest.mark.parametrize(
    ("scale", "degrees", "at"),
    [
        (1.0, 0, (320, 300)),
        (1.0, 0, (321.5, 301.5)),
        (2.0, 0, (320, 300)),
        (0.7, 0, (320, 300)),
        (1.3, 25, (300, 330)),
        (1.3, -70, (300, 330)),
        (1.0, 180, (300, 330)),
    ],
)
def test_it_moves_with_the_image(
    mesher: FaceMesher, mesh: Mesh, scale: float, degrees: float, at: tuple[float, float]
) -> None:
    head = placed(astronaut(), backdrop((640, 640)), at, scale=scale, degrees=degrees)
    expected = moved(mesh, head.matrix)
    near = Square(at[0] + 6, at[1] - 4, 190 * scale, -np.radians(degrees))
    first = mesher.fit(frame(head.pixels), near)
    fitted = mesher.fit(frame(head.pixels), face_square(first.mesh))
    off = np.linalg.norm(fitted.mesh[:, :2] - expected, axis=1) / (EYES * scale)
    assert off.mean() < 0.02
    assert off.max() < 0.08
    assert np.abs(fitted.mesh[:, 2] / scale - mesh[:, 2]).mean() < 0.04 * EYES
    assert fitted.score > 0.99


def test_half_a_face_at_the_edge_is_still_fitted(mesher: FaceMesher) -> None:
    image = astronaut()[:, 222:]  # the left half is gone
    fitted = mesher.fit(frame(image), Square(0, 125, 190, 0))
    assert fitted.score > 0.5
    eye = np.array([258.0 - 222, 103.5])
    assert np.linalg.norm(fitted.mesh[263, :2] - eye) < 0.15 * EYES


@pytest.mark.parametrize("where", [Square(-500, -500, 100, 0), Square(60, 400, 100, 0.4)])
def test_no_face_scores_low(mesher: FaceMesher, where: Square) -> None:
    assert mesher.fit(frame(astronaut()), where).score < 0.5
