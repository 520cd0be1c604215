"""The file to change, and the people in it."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

from roop.errors import RoopError
from roop.options import FaceOptions
from roop.pipeline.workers.child_process import Message
from roop.window.observable import Observable
from roop.window.selection import Line, People, Person, Photo, Selection, Target
from roop.window.source.presenter import PhotoReader
from roop.window.tasks import Tasks

_FACES = FaceOptions().model_dump(mode="json")


class TargetPresenter:
    """Chooses the target, finds its people, and gives them faces.

    Args:
        selection: What is chosen.
        tasks: Do the work.
    """

    def __init__(self, selection: Selection, tasks: Tasks) -> None:
        self.selection = selection
        self._tasks = tasks
        self._reader = PhotoReader(tasks)
        self.reading: Observable[Path | None] = Observable(None)
        """The file that is being opened."""
        self.problem: Observable[Line | None] = Observable(None)

    def choose(self, paths: Sequence[Path]) -> None:
        """Choose the file to change; further files get the same face, each in a job of its own."""
        if not paths:
            return
        path = paths[0]
        self.problem.value = None
        self.reading.value = path

        def opened(target: Target) -> None:
            if self.reading.value != path:
                return
            self.reading.value = None
            self.selection.more_targets.value = tuple(paths[1:])
            self.selection.choose_target(target)
            self._search(target)

        def failed(error: RoopError) -> None:
            if self.reading.value == path:
                self.reading.value = None
                self.problem.value = Line.of(error)

        self._tasks.ask("info", {"target": str(path)}, _target_of(path), opened, failed)

    def give(self, number: int, path: Path) -> None:
        """Give a person a face of their own."""
        target = self.selection.target.value

        def read(photo: Photo) -> None:
            if self.selection.target.value is not target:
                return
            if photo.state == "ready" and photo.picture:
                self.selection.give_face(number, photo)
            elif photo.state in ("wrong", "several"):
                self.problem.value = photo.note

        self.problem.value = None
        self._reader.read(path, read)

    def _search(self, target: Target) -> None:
        selection = self.selection
        selection.people.value = People("searching")

        def keep(people: People) -> None:
            if selection.target.value is target:
                selection.people.value = people

        def done(people: People) -> None:
            keep(People("done", people.people))

        def failed(error: RoopError) -> None:
            keep(People("failed", error=Line.of(error)))

        values = {"target": str(target.path), "faces": _FACES}
        self._tasks.ask("people", values, _people_of, done, failed, keep)


def _target_of(path: Path) -> Callable[[Message], Target]:
    def convert(info: Message) -> Target:
        width, height = info["size"]
        return Target(
            path, info["kind"], (width, height), info["frames"], info["fps"], info["duration_s"]
        )

    return convert


def _people_of(message: Message) -> People:
    pictures = (base64.b64decode(picture) for picture in message["pictures"])
    people = tuple(
        Person(each["frame"], each["position"], each["frames"], each["size"], picture)
        for each, picture in zip(message["people"], pictures, strict=True)
    )
    return People("searching", people)
