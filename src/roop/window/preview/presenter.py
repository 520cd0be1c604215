"""The preview: asked for after every change, the newest only."""

import base64
from dataclasses import dataclass

from roop.errors import CancelledError, RoopError
from roop.options import FaceOptions
from roop.pipeline.workers.child_process import Message
from roop.studio.draft import Draft
from roop.window.observable import Observable
from roop.window.pictures import Picture, opened
from roop.window.selection import Line, Selection, Target
from roop.window.tasks import Tasks

_PAUSE_S = 0.15
"""How long choices must rest before a preview is made."""

_SIDE = 1920
"""Longest side of a preview, pixels."""

_VIEWER = "window"

_FACES = FaceOptions().model_dump(mode="json")

_FaceOfPerson = tuple[float, float, float, float, int | None]
"""A box in shares of the frame's size, and the number of the person."""

_REEL_S, _REEL_FPS, _REEL_SIDE = 2.0, 15, 960
"""Length, rate and size of a stretch that is played."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame of the target before and, if a face is chosen, after."""

    before: Picture
    after: Picture | None
    faces: int
    """How many were replaced."""
    warnings: tuple[str, ...]
    face_x: float | None = None
    """The middle of the largest replaced face, in shares of the width; None if it is not known."""


class PreviewPresenter:
    """Keeps the preview what the selection says.

    Args:
        selection: What is chosen.
        tasks: Do the work.
    """

    def __init__(self, selection: Selection, tasks: Tasks) -> None:
        self.selection = selection
        self._tasks = tasks
        self.shown: Observable[Shown | None] = Observable(None)
        self.busy: Observable[bool] = Observable(False)
        self.problem: Observable[Line | None] = Observable(None)
        self.playing: Observable[tuple[int, int] | None] = Observable(None)
        """Frames of a stretch that are made, of how many; None while none is played."""
        self._faces: tuple[_FaceOfPerson, ...] = ()
        self._reel: _Reel | None = None
        self._play_wanted = False
        """True if it plays as soon as the frame is there."""
        self._asked: _Request | None = None
        for each in (selection.photos, selection.target, selection.people):
            each.watch(self._changed)
        for other in (selection.choice, selection.options, selection.time_s):
            other.watch(self._changed)

    def face_at(self, x: float, y: float) -> int | None:
        """Return the person at a point of the frame, None if nobody is known there.

        Args:
            x: From the left, in shares of the width.
            y: From the top, in shares of the height.
        """
        for left, top, right, bottom, person in self._faces:
            if left <= x <= right and top <= y <= bottom and person is not None:
                return person
        return None

    def _find_faces(self, wanted: "_Request") -> None:
        """Find out who is where in the shown frame."""

        def done(faces: tuple[_FaceOfPerson, ...]) -> None:
            if wanted is self._asked:
                self._faces = faces

        values = {
            "target": str(wanted.target.path),
            "number": _frame_at(wanted.target, wanted.time_s),
            "faces": _FACES,
        }
        self._tasks.ask("faces", values, _faces_of, done, lambda error: None)

    def play(self) -> None:
        """Make the frames of a short stretch, and repeat them until something changes."""
        wanted = self._asked
        if wanted is None or wanted.draft is None or wanted.target.kind != "video":
            return
        self._play_wanted = self.busy.value
        if self._play_wanted:
            self.playing.value = (0, 1)
            return
        reel = self._reel = _Reel(wanted.target)
        self.playing.value = (0, reel.frames)

        def more(shown: Shown | None) -> None:
            if reel is self._reel and shown is not None:
                reel.shown.append(shown)
                self.playing.value = (min(len(reel.shown), reel.frames - 1), reel.frames)

        def done(nothing: object) -> None:
            if reel is self._reel and reel.shown:
                self.playing.value = (reel.frames, reel.frames)
                self._turn(reel, 0)

        def failed(error: RoopError) -> None:
            if reel is self._reel:
                self.stop()
                self.problem.value = Line.of(error)

        values = {
            "draft": wanted.draft.model_dump(mode="json"),
            "start_s": wanted.time_s,
            "seconds": _REEL_S,
            "step": reel.step,
            "side": _REEL_SIDE,
            "viewer": f"{_VIEWER}-reel",
        }
        self._tasks.ask("reel", values, _of_reel, done, failed, more)

    def stop(self) -> None:
        """Stop playing."""
        self._reel, self._play_wanted = None, False
        self.playing.value = None

    def _turn(self, reel: "_Reel", number: int) -> None:
        """Show one frame, and the next one a little later."""
        if reel is self._reel:
            self.shown.value = reel.shown[number % len(reel.shown)]
            self._tasks.mailbox.post_later(1 / reel.fps, lambda: self._turn(reel, number + 1))

    def scrub(self, time_s: float) -> None:
        """Show another time of the target."""
        self.selection.time_s.value = time_s

    def _changed(self, value: object) -> None:
        selection, before = self.selection, self._asked
        target = selection.target.value
        if target is not None and selection.people.value.state == "none":
            return  # the search begins in a moment
        wanted = None
        if target is not None:
            wanted = _Request(target, selection.draft(), selection.time_s.value)
        if wanted == before:
            return
        if wanted is None or before is None or before.target is not wanted.target:
            self.shown.value = None
        self._asked = wanted
        self._faces = ()
        self.stop()
        self.problem.value = None
        self.busy.value = wanted is not None
        if wanted is not None:
            self._tasks.mailbox.post_later(_PAUSE_S, lambda: self._ask(wanted))

    def _ask(self, wanted: "_Request") -> None:
        if wanted is not self._asked:
            return  # there is a newer one

        def done(shown: Shown) -> None:
            if wanted is self._asked:
                self.busy.value = False
                self.shown.value = shown
                self._find_faces(wanted)
                if self._play_wanted:
                    self.play()

        def failed(error: RoopError) -> None:
            if wanted is self._asked and not isinstance(error, CancelledError):
                self.busy.value = False
                self.shown.value = None
                self.problem.value = Line.of(error)

        if wanted.draft is None:
            number = _frame_at(wanted.target, wanted.time_s)
            values = {"target": str(wanted.target.path), "number": number, "side": _SIDE}
            self._tasks.ask("frame", values, _plain, done, failed)
        else:
            draft = wanted.draft.model_dump(mode="json")
            values = {"draft": draft, "time_s": wanted.time_s, "viewer": _VIEWER}
            self._tasks.ask("preview", values, _swapped, done, failed)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a preview shows."""

    target: Target
    draft: Draft | None
    """None while no face is chosen: then the frame is shown as it is."""
    time_s: float


class _Reel:
    """A stretch of a target that is played again and again."""

    def __init__(self, target: Target) -> None:
        fps = target.fps or _REEL_FPS
        self.step = max(1, round(fps / _REEL_FPS))
        self.fps = fps / self.step
        """Of what is shown."""
        seconds = min(_REEL_S, target.duration_s or _REEL_S)
        self.frames = max(2, round(seconds * self.fps))
        """About how many there are."""
        self.shown: list[Shown] = []


def _faces_of(message: Message) -> tuple[_FaceOfPerson, ...]:
    width, height = message["size"]
    found = []
    for face in message["faces"]:
        left, top, right, bottom = face["box"]
        box = (left / width, top / height, right / width, bottom / height)
        found.append((*box, face["person"]))
    return tuple(found)


def _plain(message: Message) -> Shown:
    return Shown(opened(base64.b64decode(message["jpeg"]), _SIDE), None, 0, ())


def _of_reel(message: Message) -> Shown | None:
    if not message:  # the end
        return None
    before, after = (base64.b64decode(message[name]) for name in ("before", "after"))
    return Shown(opened(before, _REEL_SIDE), opened(after, _REEL_SIDE), 1, ())


def _swapped(message: Message) -> Shown:
    before, after = (base64.b64decode(message[name]) for name in ("before", "after"))
    return Shown(
        opened(before, _SIDE),
        opened(after, _SIDE),
        len(message["faces"]),
        tuple(message["warnings"]),
        _face_x(message),
    )


def _face_x(message: Message) -> float | None:
    boxes: list[tuple[int, int, int, int]] = [face["box"] for face in message["faces"]]
    if not boxes:
        return None
    left, _, right, _ = max(boxes, key=lambda box: box[2] - box[0])
    width: int = message["size"][0]
    return (left + right) / 2 / width


def _frame_at(target: Target, time_s: float) -> int:
    if not target.frames or not target.duration_s:
        return 0
    return min(target.frames - 1, max(0, round(time_s / target.duration_s * target.frames)))
