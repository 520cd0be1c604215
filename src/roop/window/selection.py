"""What the user has chosen so far, shared by all cards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from roop.errors import RoopError
from roop.options import Assignment
from roop.studio.draft import Draft
from roop.window.observable import Observable

PhotoState = Literal["checking", "ready", "several", "wrong"]

FaceBox = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the photo."""


@dataclass(frozen=True, slots=True)
class Line:
    """A message with its hint."""

    text: str
    hint: str = ""

    @classmethod
    def of(cls, error: RoopError) -> "Line":
        """Return an error as a line."""
        message, hint = error.written(lambda name, value: name.replace("_", " "))
        return cls(message, hint or "")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a new face, or a saved identity."""

    path: Path
    state: PhotoState = "checking"
    note: Line = field(default_factory=lambda: Line(""))
    faces: tuple[FaceBox, ...] = ()
    """The faces in it, from the left."""
    size: tuple[int, int] = (0, 0)
    """(width, height), pixels."""
    picture: bytes = b""
    """A small JPEG of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """The file to change."""

    path: Path
    kind: Literal["image", "animation", "video"]
    size: tuple[int, int]
    frames: int | None
    fps: float | None
    duration_s: float | None

    @property
    def moves(self) -> bool:
        """True if there is something to scrub."""
        return bool(self.duration_s) and (self.frames or 2) > 1


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the target, named by one frame and the position in it."""

    frame: int
    position: int
    frames: int
    """About how many frames show the person."""
    size: int
    """Height of the face in ``frame``, pixels."""
    picture: bytes
    """A JPEG."""


@dataclass(frozen=True, slots=True)
class People:
    """The people found in the target so far."""

    state: Literal["none", "searching", "done", "failed"] = "none"
    people: tuple[Person, ...] = ()
    error: Line | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is replaced."""

    mode: Literal["auto", "all", "some"] = "auto"
    picked: tuple[int, ...] = ()
    """With ``some``: the people, by their number."""
    faces: Mapping[int, Photo] = field(default_factory=dict)
    """People who get a face of their own."""


class Selection:
    """The choices of the user. Used in the window's thread only."""

    def __init__(self) -> None:
        self.photos: Observable[tuple[Photo, ...]] = Observable(())
        self.target: Observable[Target | None] = Observable(None)
        self.more_targets: Observable[tuple[Path, ...]] = Observable(())
        """The other files of a batch."""
        self.people: Observable[People] = Observable(People())
        self.choice: Observable[Choice] = Observable(Choice())
        self.options: Observable[Mapping[str, Any]] = Observable({})
        self.time_s: Observable[float] = Observable(0.0)
        """The time of the preview, from the beginning of the target."""

    def choose_target(self, target: Target | None) -> None:
        """Choose another target; what was chosen for the one before says nothing about it."""
        self.people.value = People()
        self.choice.value = Choice()
        self.time_s.value = 0.0
        self.target.value = target

    def set_option(self, name: str, value: object) -> None:
        """Set an option; None returns it to its default."""
        others = {key: kept for key, kept in self.options.value.items() if key != name}
        self.options.value = others if value is None else {**others, name: value}

    def sources(self) -> tuple[Path, ...]:
        """Return the photos that show one face."""
        return tuple(photo.path for photo in self.photos.value if photo.state == "ready")

    def picked(self) -> tuple[int, ...]:
        """Return the numbers of the people who are replaced."""
        people, choice = self.people.value.people, self.choice.value
        if choice.mode == "all":
            return tuple(range(len(people)))
        if choice.mode == "some":
            return tuple(number for number in choice.picked if number < len(people))
        if not people:
            return ()
        weights = [person.size * person.frames**0.5 for person in people]
        return (weights.index(max(weights)),)

    def pick(self, number: int, *, several: bool) -> None:
        """Change who is replaced.

        Args:
            number: Of the person.
            several: Keep the others.
        """
        before = self.picked()
        others = tuple(each for each in before if each != number)
        picked: tuple[int, ...] = (number,)
        if several:
            picked = others if number in before else (*others, number)
        if picked:
            self.choice.value = Choice("some", picked, self.choice.value.faces)

    def pick_all(self) -> None:
        """Replace everyone, or return to one person."""
        choice = self.choice.value
        mode: Literal["auto", "all"] = "auto" if choice.mode == "all" else "all"
        self.choice.value = Choice(mode, choice.picked, choice.faces)

    def give_face(self, number: int, photo: Photo | None) -> None:
        """Give a person a face of their own; None takes it back."""
        choice = self.choice.value
        faces = {each: given for each, given in choice.faces.items() if each != number}
        if photo is not None:
            faces[number] = photo
        picked = tuple(dict.fromkeys((*self.picked(), number)))
        mode: Literal["all", "some"] = "all" if choice.mode == "all" else "some"
        self.choice.value = Choice(mode, picked, faces)

    def draft(self) -> Draft | None:
        """Return the draft, None as long as something is missing."""
        target, sources = self.target.value, self.sources()
        if target is None:
            return None
        everyone = self.choice.value.mode == "all"
        assignments = self._assignments(sources)
        if assignments is None or not (sources or (assignments and not everyone)):
            return None
        options = dict(self.options.value)
        if everyone:
            options["many_faces"] = True
        return Draft(sources=sources, target=target.path, assignments=assignments, options=options)

    def _assignments(self, sources: tuple[Path, ...]) -> tuple[Assignment, ...] | None:
        """Return who gets which face, None if somebody has none."""
        people, faces = self.people.value.people, self.choice.value.faces
        picked = self.picked()
        if self.choice.value.mode == "all":
            picked = tuple(number for number in picked if number in faces)
        if len(people) < 2 and not any(number in faces for number in picked):
            return ()  # the only person needs no name
        found = []
        for number in sorted(picked):
            given = (faces[number].path,) if number in faces else sources
            if not given:
                return None
            person = people[number]
            found.append(Assignment(source=given, frame=person.frame, position=person.position))
        return tuple(found)
