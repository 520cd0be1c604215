"""The search for people in the background."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.errors import CancelledError, NoFaceError, RefusedError
from roop.faces.analyser import Analyser
from roop.media.frames.stored_frame import StoredFrame
from roop.options import FaceOptions, Settings
from roop.pipeline.people.scan import PeopleScan
from roop.studio.people import PeopleSearch
from support.figures import drawing
from support.films import Film, elder_at, wall, woman_at
from support.heads import astronaut


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of nobody, one of a woman, one of a man beside her."""
    woman, both = woman_at(80), elder_at(240, canvas=woman_at(80))
    frames = [wall()] * 30 + [woman] * 30 + [both] * 30
    return Film().write(tmp_path_factory.mktemp("people") / "film.mp4", frames)


def test_people_are_reported_as_they_are_found(film: Path, analyser: Analyser) -> None:
    found: list[PeopleScan] = []
    with PeopleSearch(film, Settings(), FaceOptions(), found.append) as search:
        search.join()
        assert search.error is None
        assert not search.searching
    assert [len(scan.people) for scan in found] == [1, 2, 2]
    woman, man = found[-1].people
    assert woman.first_frame < man.first_frame
    assert man.position == 1
    assert all(picture.shape[2] == 3 for picture in found[-1].pictures)
    frame = StoredFrame(astronaut())
    face = analyser.recogniser.describe(frame, analyser.faces(frame, "left-right")[0])
    assert found[-1].find(face, 0.85) == 0
    assert found[-1].find(face, 0.0) is None


def test_a_search_ends_when_it_is_left(film: Path) -> None:
    with PeopleSearch(film, Settings(), FaceOptions(), lambda scan: None) as search:
        pass
    assert isinstance(search.error, CancelledError)


def test_nobody_and_nudity_are_errors(portraits: dict[str, Path], tmp_path: Path) -> None:
    found: list[PeopleScan] = []
    with PeopleSearch(portraits["nobody"], Settings(), FaceOptions(), found.append) as search:
        search.join()
    assert isinstance(search.error, NoFaceError)
    beside = np.concatenate([drawing(320), astronaut()[:320, 60:380]], axis=1)
    Image.fromarray(beside).save(tmp_path / "beside.png")
    with PeopleSearch(tmp_path / "beside.png", Settings(), FaceOptions(), found.append) as search:
        search.join()
    assert isinstance(search.error, RefusedError)
    assert found == []
