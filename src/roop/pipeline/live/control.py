"""Change a live swap while it runs: the keyboard, a page and a window use the same control."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from roop.errors import CancelledError, RoopError
from roop.options import FaceOptions

Corner = Literal["top-left", "top-right", "bottom-right", "bottom-left"]
"""Where the label is."""


@dataclass(frozen=True, slots=True)
class LiveChoice:
    """The new faces, and who gets them."""

    sources: tuple[Path, ...] = ()
    """Photos of the new face; may be empty with a mapping."""
    more_sources: tuple[Path, ...] = ()
    """Other new faces to change to, one photo each."""
    faces: FaceOptions = field(default_factory=FaceOptions)
    """Who is replaced: a mapping, a reference, everybody, or the largest face."""


class ChoiceRequest:
    """A choice that was asked for, and what becomes of it."""

    def __init__(self, choice: LiveChoice, note: Callable[[str], None]) -> None:
        self.choice = choice
        self.done: Future[None] = Future()
        """Completed when the first frame gets the new faces, or with the error."""
        self._note = note

    def succeed(self) -> None:
        """Report that it is in force."""
        self._note("other faces are chosen")
        self.done.set_result(None)

    def fail(self, error: RoopError) -> None:
        """Report that everything stays as it was."""
        if not isinstance(error, CancelledError):
            self._note(f"the faces stay as they are: {error}")
        self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class LiveState:
    """What can be changed."""

    face: int = 0
    """Which of the new faces is used, from 0."""
    faces: int = 1
    """Number of new faces to choose from."""
    person: int = 0
    """How often the next person in the picture was chosen."""
    many_faces: bool = False
    """Everybody in the picture gets the face."""
    mirror: bool = False
    """Left and right are swapped."""
    label_corner: Corner = "bottom-left"
    recording: bool = False
    snapshots: int = 0
    """Snapshots that were asked for so far."""


class LiveControl:
    """Changes a live swap; safe to call from any thread.

    Nothing here can switch off the label, the watermark or the screen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = LiveState()
        self._note: Callable[[str], None] = lambda text: None
        self._cancel = threading.Event()
        self._request: ChoiceRequest | None = None

    @property
    def state(self) -> LiveState:
        """What is chosen now."""
        return self._state

    def begin(self, state: LiveState, cancel: threading.Event, note: Callable[[str], None]) -> None:
        """Connect to a live swap that starts.

        Args:
            state: What is chosen at first.
            cancel: Set to end it.
            note: Receives a line for each change.
        """
        with self._lock:
            self._state, self._cancel, self._note = state, cancel, note

    def choose(self, choice: LiveChoice) -> Future[None]:
        """Use other new faces, or replace other people.

        The photos are loaded and screened while the swap goes on as before. If they cannot be
        used, it stays so.

        Args:
            choice: Which; a newer one takes the place of one that has not begun to load.

        Returns:
            Completed when the choice is in force, or with a ``RoopError`` that says why not.
        """
        request = ChoiceRequest(choice, self._note)
        with self._lock:
            older, self._request = self._request, request
        if older is not None:
            older.fail(CancelledError("another choice was made"))
        return request.done

    def take_request(self) -> ChoiceRequest | None:
        """Return the choice that was asked for and not taken yet; for the live swap itself."""
        with self._lock:
            request, self._request = self._request, None
        return request

    def confirm(self, choice: LiveChoice) -> None:
        """Take note that a choice is in force; for the live swap itself."""
        with self._lock:
            self._state = replace(
                self._state,
                face=0,
                faces=1 + len(choice.more_sources),
                many_faces=choice.faces.many_faces,
            )

    def end(self) -> None:
        """Take note that the live swap has ended."""
        request = self.take_request()
        if request is not None:
            request.fail(CancelledError("the live swap has ended"))

    def next_face(self) -> None:
        """Use the next of the new faces; after the last, the first."""
        self._step(1)

    def previous_face(self) -> None:
        """Use the face before; before the first, the last."""
        self._step(-1)

    def choose_face(self, number: int) -> None:
        """Use one of the new faces.

        Args:
            number: From 0; a number that does not exist is ignored.
        """
        if 0 <= number < self._state.faces:
            self._step(number - self._state.face)

    def next_person(self) -> None:
        """Swap the person to the right of the one who is swapped; after the last, the leftmost.

        Has no effect if the job names people, by a mapping or a reference.
        """
        with self._lock:
            self._state = replace(self._state, person=self._state.person + 1, many_faces=False)
        self._note("the next person is swapped")

    def set_many_faces(self, on: bool | None = None) -> None:
        """Swap everybody, or one face; without ``on``, change it."""
        with self._lock:
            many = not self._state.many_faces if on is None else on
            self._state = replace(self._state, many_faces=many)
        self._note("every face is swapped" if many else "one face is swapped")

    def set_mirror(self, on: bool | None = None) -> None:
        """Mirror the picture or not; without ``on``, change it."""
        with self._lock:
            mirror = not self._state.mirror if on is None else on
            self._state = replace(self._state, mirror=mirror)
        self._note(f"mirror {'on' if mirror else 'off'}")

    def set_label_corner(self, corner: Corner | None = None) -> None:
        """Move the label to ``corner``, or clockwise to the next one."""
        corners: tuple[Corner, ...] = get_args(Corner)
        with self._lock:
            following = corners[(corners.index(self._state.label_corner) + 1) % len(corners)]
            self._state = replace(self._state, label_corner=corner or following)
        self._note(f"label {self._state.label_corner}")

    def set_recording(self, on: bool | None = None) -> None:
        """Record or not; without ``on``, change it. Every time it begins, a new file does."""
        with self._lock:
            recording = not self._state.recording if on is None else on
            self._state = replace(self._state, recording=recording)

    def take_snapshot(self) -> None:
        """Save the next frame as an image."""
        with self._lock:
            self._state = replace(self._state, snapshots=self._state.snapshots + 1)

    def quit(self) -> None:
        """End the live swap; recordings are completed."""
        self._cancel.set()

    def _step(self, step: int) -> None:
        with self._lock:
            state = self._state
            state = replace(state, face=(state.face + step) % state.faces)
            self._state = state
        self._note(
            f"face {state.face + 1} of {state.faces}"
            if state.faces > 1
            else "there is no other face"
        )
