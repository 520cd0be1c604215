"""What can be changed while a live swap runs."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import av
import c2pa
import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

import roop
from roop.pipeline.live.control import LiveChoice, LiveControl, LiveState
from roop.pipeline.progress import Progress
from support.films import elder_at, woman_at
from support.ip_camera import Pixels, Viewer, ip_camera

pytestmark = pytest.mark.slow

SIZE = 320


@pytest.fixture(scope="module")
def face() -> Pixels:
    photo = skimage.data.astronaut()[:320, 60:380]
    return np.ascontiguousarray(cv2.resize(photo, (SIZE, SIZE)))


@pytest.fixture
def cancel() -> Iterator[threading.Event]:
    """Set by the test, or after a minute so that nothing ever hangs."""
    event = threading.Event()
    timer = threading.Timer(60, event.set)
    timer.start()
    yield event
    timer.cancel()
    timer.join()


class Person:
    """Does one thing after the other, some frames apart, then quits."""

    def __init__(self, *actions: Callable[[LiveControl], None]) -> None:
        self.control = LiveControl()
        self.notes: list[str] = []
        self.pictures: list[Pixels] = []
        """What the page showed before each action, and after the last."""
        self._viewer = Viewer()
        self._actions = [*actions, LiveControl.quit]
        self._seen = 0

    def __call__(self, seen: Progress) -> None:
        if seen.note is not None:
            self.notes.append(seen.note)
            if seen.note.startswith("look at "):
                self._viewer.look(seen.note.removeprefix("look at "))
        if self._actions and len(self._viewer.pictures) >= self._seen + 8:
            self.pictures.append(self._viewer.pixels(-1))
            self._seen = len(self._viewer.pictures)
            self._actions.pop(0)(self.control)

    def wait_once_more(self, action: Callable[[LiveControl], None]) -> None:
        """Do ``action`` again a few frames later."""
        self._actions.insert(0, action)

    def run(self, face: Pixels, source: Path, cancel: threading.Event, **options: Any) -> Any:  # noqa: ANN401 - roop.live's own
        with ip_camera([face]) as address:
            result = roop.live(
                source,
                input=address,
                serve="127.0.0.1:0",
                watch=self,
                cancel=cancel,
                control=self.control,
                **options,
            )
        self._viewer.join()
        return result


def difference(first: Pixels, second: Pixels) -> float:
    """Return the mean difference in the middle, where the face is."""
    middle = slice(SIZE // 3, SIZE * 2 // 3)
    return float(np.abs(first[middle, middle].astype(int) - second[middle, middle]).mean())


def has_label(picture: Pixels, rows: slice, columns: slice) -> bool:
    corner = picture[rows, columns]
    return bool(corner.min(axis=2).max() > 240 and np.median(corner) < 90)


def test_the_face_can_be_changed_and_changed_back(
    face: Pixels, portraits: dict[str, Path], cancel: threading.Event
) -> None:
    person = Person(LiveControl.next_face, LiveControl.previous_face)
    more = [portraits["astronaut"]]
    result = person.run(face, portraits["hopper"], cancel, more_faces=more)
    first, second, again = person.pictures
    assert difference(first, second) > 4
    assert difference(first, again) < difference(first, second) / 3
    assert "face 2 of 2" in person.notes
    assert result.swapped == result.shown


def test_another_photo_can_be_chosen(
    face: Pixels, portraits: dict[str, Path], cancel: threading.Event
) -> None:
    asked: list[Future[None]] = []
    seen: list[Pixels] = []

    def choose(*names: str) -> Callable[[LiveControl], None]:
        def act(control: LiveControl) -> None:
            first, *more = (portraits[name] for name in names)
            seen.append(person.pictures[-1])
            asked.append(control.choose(LiveChoice((first,), tuple(more))))

        return act

    def wait(control: LiveControl) -> None:
        """Ask again at the next report, until the choice is in force or refused."""
        if not asked[-1].done():
            person.wait_once_more(wait)

    person = Person(
        choose("nobody"), wait, choose("astronaut", "hopper"), wait, LiveControl.next_face
    )
    result = person.run(face, portraits["hopper"], cancel)
    assert "no face found" in str(asked[0].exception())
    assert asked[1].exception() is None
    first, as_before, chosen, again = *seen, *person.pictures[-2:]
    assert difference(first, as_before) < difference(first, chosen) / 3
    assert difference(first, again) < difference(first, chosen) / 3
    assert any(note.startswith("the faces stay as they are: no face") for note in person.notes)
    assert "face 2 of 2" in person.notes
    assert result.swapped == result.shown


def test_mirror_and_label_can_be_changed(
    face: Pixels, portraits: dict[str, Path], cancel: threading.Event
) -> None:
    person = Person(
        LiveControl.set_mirror, LiveControl.set_label_corner, LiveControl.set_label_corner
    )
    person.run(face, portraits["hopper"], cancel)
    plain, mirrored, top_left, top_right = person.pictures
    beside = slice(60, SIZE - 60), slice(0, 40)
    assert np.abs(plain[beside].astype(int) - face[beside]).mean() < 6
    assert np.abs(mirrored[beside].astype(int) - face[:, ::-1][beside]).mean() < 6
    low, high, left, right = slice(-28, None), slice(0, 28), slice(0, 140), slice(-140, None)
    assert has_label(mirrored, low, left)  # not mirrored itself
    assert has_label(top_left, high, left)
    assert has_label(top_right, high, right)


def test_snapshots_and_recordings_carry_all_marks(
    face: Pixels, portraits: dict[str, Path], cancel: threading.Event, tmp_path: Path
) -> None:
    person = Person(LiveControl.take_snapshot, LiveControl.set_recording, LiveControl.set_recording)
    output = tmp_path / "evening.mp4"
    result = person.run(face, portraits["hopper"], cancel, record_video=output)
    assert sorted(path.suffix for path in result.saved) == [".mp4", ".mp4", ".png"]
    assert output in result.saved
    for path in result.saved:
        assert path.parent == tmp_path
        with c2pa.Reader(path) as reader:
            assert reader.get_validation_state() == "Valid"
    (snapshot,) = tmp_path.glob("*.png")
    assert has_label(np.asarray(Image.open(snapshot)), slice(-28, None), slice(0, 140))
    frames = 0
    for path in tmp_path.glob("*.mp4"):
        with av.open(path) as film:
            assert "AI MODIFIED" in film.metadata["comment"]
            frames += sum(1 for _ in film.decode(video=0))
    assert 0 < frames < result.shown


def test_the_next_person_can_be_chosen(portraits: dict[str, Path], cancel: threading.Event) -> None:
    pair = elder_at(240, canvas=woman_at(80))
    photo = portraits["astronaut"]
    person = Person(
        LiveControl.set_many_faces,
        LiveControl.next_person,
        lambda control: control.choose(LiveChoice((photo,))),
        LiveControl.next_person,
    )
    result = person.run(pair, photo, cancel, many_faces=True)

    def changed(picture: Pixels) -> tuple[bool, bool]:
        """Return whether the left face and the right one are swapped."""
        difference = np.abs(picture.astype(int) - pair)[100:140]
        return bool(difference[:, 60:100].mean() > 5), bool(difference[:, 220:260].mean() > 5)

    everybody, first, second, kept, again = map(changed, person.pictures)
    assert everybody == (True, True)
    assert sorted([first, second]) == [(False, True), (True, False)]
    assert kept == second
    assert again == first
    assert result.swapped == result.shown


def test_frames_can_be_held_back(
    face: Pixels, portraits: dict[str, Path], cancel: threading.Event
) -> None:
    result = Person().run(face, portraits["hopper"], cancel, delay=400)
    assert result.latency_ms >= 400


def test_a_face_that_does_not_exist_is_ignored() -> None:
    control, notes = LiveControl(), list[str]()
    control.next_face()
    control.begin(LiveState(faces=2), threading.Event(), notes.append)
    control.choose_face(5)
    assert control.state.face == 0
    control.choose_face(1)
    assert control.state.face == 1
    assert notes == ["face 2 of 2"]
