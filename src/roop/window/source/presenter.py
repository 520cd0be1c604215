"""The photos of the new face, and what was found in them."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from roop.errors import RoopError
from roop.media.pictures.identity_file import SUFFIX, identities_folder, identity_path
from roop.options import FaceOptions
from roop.pipeline.workers.child_process import Message
from roop.window.selection import FaceBox, Line, Photo, Selection
from roop.window.tasks import Tasks
from roop.window.texts import text

_SIDE, _SIDE_OF_SEVERAL = 240, 960
"""Longest side of a photo's picture, pixels."""

OnPhoto = Callable[[Photo], None]

_FACES = FaceOptions().model_dump(mode="json")


class PhotoReader:
    """Checks photos of new faces.

    Args:
        tasks: Do the work.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def read(self, path: Path, on_change: OnPhoto) -> None:
        """Check a photo; ``on_change`` receives it as it is now, and after each step."""
        photo = Photo(path)
        on_change(photo)

        def failed(error: RoopError) -> None:
            on_change(replace(photo, state="wrong", note=Line.of(error)))

        if path.suffix == SUFFIX:
            self._read_saved(photo, on_change, failed)
            return

        def known(info: Message) -> None:
            if info["kind"] == "video":
                note = Line(text("notAPhoto", name=path.name))
                on_change(replace(photo, state="wrong", note=note))
            else:
                self._find_faces(photo, on_change, failed)

        self._tasks.ask("info", {"target": str(path)}, lambda info: info, known, failed)

    def _read_saved(
        self, photo: Photo, on_change: OnPhoto, failed: Callable[[RoopError], None]
    ) -> None:
        def shown(message: Message) -> None:
            width, height = message["size"]
            ready = replace(photo, state="ready", note=Line(text("savedFace")))
            picture = base64.b64decode(message["jpeg"])
            whole: FaceBox = (0, 0, width, height)
            on_change(replace(ready, picture=picture, faces=(whole,), size=(width, height)))

        values = {"path": str(photo.path), "side": _SIDE}
        self._tasks.ask("identity", values, lambda message: message, shown, failed)

    def _find_faces(
        self, photo: Photo, on_change: OnPhoto, failed: Callable[[RoopError], None]
    ) -> None:
        def found(message: Message) -> None:
            in_front = [face for face in message["faces"] if not face["behind"]]
            faces = sorted(tuple(face["box"]) for face in in_front)
            width, height = message["size"]
            warnings = [one for face in in_front for one in face["warnings"]]
            seen = _judged(replace(photo, faces=tuple(faces), size=(width, height)), warnings)
            if seen.state == "wrong":
                on_change(seen)
            else:
                self._add_picture(seen, on_change, failed)

        values = {"target": str(photo.path), "number": 0, "faces": _FACES}
        self._tasks.ask("faces", values, lambda message: message, found, failed)

    def _add_picture(
        self, photo: Photo, on_change: OnPhoto, failed: Callable[[RoopError], None]
    ) -> None:
        side = _SIDE_OF_SEVERAL
        if photo.state == "ready":  # only the face is shown of it
            left, top, right, bottom = photo.faces[0]
            share = max(photo.size) / max(right - left, bottom - top, 1)
            side = min(round(_SIDE * share), max(photo.size))
        values = {"target": str(photo.path), "number": 0, "side": side}
        self._tasks.ask(
            "frame",
            values,
            lambda message: base64.b64decode(message["jpeg"]),
            lambda jpeg: on_change(replace(photo, picture=jpeg)),
            failed,
        )

    def cut(self, photo: Photo, number: int, done: Callable[[Path], None], failed: OnPhoto) -> None:
        """Cut one face out of a photo of several.

        Args:
            photo: The photo.
            number: Which face, from the left, from 0.
            done: Receives the new photo.
            failed: Receives the photo with the error.
        """
        self._tasks.ask(
            "cut_face",
            {"target": str(photo.path), "boxes": photo.faces, "number": number},
            lambda message: Path(message["path"]),
            done,
            lambda error: failed(replace(photo, state="wrong", note=Line.of(error))),
        )


class SourcePresenter:
    """Adds and removes photos.

    Args:
        selection: What is chosen.
        tasks: Do the work.
    """

    def __init__(self, selection: Selection, tasks: Tasks) -> None:
        self.selection = selection
        self.photos = selection.photos
        self._tasks = tasks
        self._reader = PhotoReader(tasks)

    def add(self, paths: Iterable[Path]) -> None:
        """Add photos; those in which no face was found make room."""
        wanted = tuple(dict.fromkeys(paths))
        kept = [each for each in self.photos.value if each.path not in wanted]
        self.photos.value = tuple(each for each in kept if each.state != "wrong")
        for path in wanted:
            self._add(path, None)

    def _add(self, path: Path, instead: Path | None) -> None:
        """Add a photo, in the place of another one if it is there."""
        photos = self.photos.value
        new = Photo(path)
        if instead is not None and any(each.path == instead for each in photos):
            self.photos.value = tuple(new if e.path == instead else e for e in photos)
        else:
            self.photos.value = (*photos, new)
        self._reader.read(path, self._update)

    def _update(self, photo: Photo) -> None:
        """Show what is known now, unless the photo was removed meanwhile."""
        photos = self.photos.value
        self.photos.value = tuple(photo if e.path == photo.path else e for e in photos)

    def remove(self, photo: Photo) -> None:
        """Remove a photo."""
        self.photos.value = tuple(e for e in self.photos.value if e.path != photo.path)

    def choose_face(self, photo: Photo, number: int) -> None:
        """Use one face of a photo of several."""
        self._update(replace(photo, state="checking"))
        self._reader.cut(photo, number, lambda path: self._add(path, photo.path), self._update)

    def saved(self, done: Callable[[tuple[str, ...]], None]) -> None:
        """Look for saved identities; ``done`` receives their names."""

        def find() -> tuple[str, ...]:
            return tuple(sorted(file.stem for file in identities_folder().glob(f"*{SUFFIX}")))

        self._tasks.run(find, done, lambda error: done(()))

    def add_saved(self, name: str) -> None:
        """Use a saved identity."""
        self.add([identity_path(name)])


def face_at(photo: Photo, x: float, y: float) -> int | None:
    """Return the face at a point, in shares of the photo's size; None if there is none."""
    width, height = photo.size

    def holds(box: FaceBox) -> bool:
        return box[0] <= x * width <= box[2] and box[1] <= y * height <= box[3]

    return next((number for number, box in enumerate(photo.faces) if holds(box)), None)


def _judged(photo: Photo, warnings: Sequence[str]) -> Photo:
    if not photo.faces:
        note = Line(text("noFace", name=photo.path.name))
        return replace(photo, state="wrong", note=note)
    if len(photo.faces) > 1:
        note = Line(text("severalFaces", count=len(photo.faces)))
        return replace(photo, state="several", note=note)
    hint = "\n".join(warning[0].upper() + warning[1:] for warning in warnings)
    return replace(photo, state="ready", note=Line(text("faceFound"), hint))
