"""Which face of a source photo is taken, and what is said when there is none."""

import numpy as np
import pytest

from roop.errors import NoFaceError
from roop.faces.analyser import Analyser
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Pixels
from support.heads import HEAD, astronaut, backdrop, hopper, placed


@pytest.fixture(scope="module")
def couple() -> Pixels:
    """The officer on the left, the astronaut on the right."""
    both = np.full((600, 1024, 3), 90, np.uint8)
    both[:, :512] = hopper()
    both[:512, 512:] = astronaut()
    return both


def test_the_only_face_is_taken(analyser: Analyser) -> None:
    portrait = analyser.portrait(astronaut(), None, name="photo")
    assert np.array_equal(portrait.pixels, astronaut())
    assert portrait.mesh.shape == (468, 3)


@pytest.mark.parametrize(("position", "x"), [(0, 267), (1, 734)])
def test_faces_are_counted_from_the_left(
    analyser: Analyser, couple: Pixels, position: int, x: float
) -> None:
    portrait = analyser.portrait(couple, position, name="photo")
    assert abs(portrait.mesh[:, 0].mean() - x) < 12


def test_several_faces_need_a_choice(analyser: Analyser, couple: Pixels) -> None:
    with pytest.raises(NoFaceError, match="2 faces found in couple") as caught:
        analyser.portrait(couple, None, name="couple.jpg")
    assert "source_face_position" in (caught.value.hint or "")


def test_a_choice_beyond_the_last_face(analyser: Analyser, couple: Pixels) -> None:
    with pytest.raises(NoFaceError, match="no face number 2 in couple: it shows 2"):
        analyser.portrait(couple, 2, name="couple")


def test_a_photo_without_a_face_is_named(analyser: Analyser) -> None:
    with pytest.raises(NoFaceError, match=r"no face found in wall$"):
        analyser.portrait(backdrop((500, 400)), None, name="wall")


def test_people_far_behind_are_no_choice(analyser: Analyser) -> None:
    face, middle = astronaut()[:190, 130:320], (HEAD[0] - 130, HEAD[1])
    photo = placed(face, backdrop((1100, 700)), (350, 380), middle=middle, scale=3.0).pixels
    for x in (800, 950):
        photo = placed(face, photo, (x, 200), middle=middle, scale=0.5).pixels
    assert len(analyser.faces(StoredFrame(photo), "left-right")) == 3
    portrait = analyser.portrait(photo, None, name="photo")
    assert abs(portrait.mesh[:, 0].mean() - 350) < 30
    assert abs(analyser.portrait(photo, 2, name="photo").mesh[:, 0].mean() - 950) < 15
