"""Find out who is in a photo or a film."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from roop.errors import CancelledError
from roop.faces.analyser import Analyser
from roop.faces.detection.search import is_same
from roop.faces.mesh.topology import frontality
from roop.faces.recognition.descriptor import Descriptor, merged
from roop.faces.tracking.cuts import CutDetector
from roop.geometry import bounds
from roop.media.base import TargetInfo
from roop.media.open import open_reader
from roop.options import FaceOptions, Settings, VideoOptions
from roop.pipeline.people.no_face import no_face_error
from roop.safety.judges import Judges
from roop.safety.screen import Screen
from roop.types import Frame, Mesh, Pixels

PICTURE = 256
"""Longest side of a person's picture, pixels."""

_A_SECOND = 2
"""Frames of a second that are searched for faces."""

_MOST = 400
"""Frames of a film that are searched: those of a longer one lie farther apart."""

_KEPT = 6
"""Looks at a person that are kept."""

_IN_PLACE = 1.15
"""Distance up to which a face in the place of a person seen just before is that person."""

_ROOM = 0.35
"""Room around the face on its picture, as a share of its size."""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """One person of a target, and how to name that person in a mapping."""

    position: int
    """The place in ``frame``, from 0."""
    frame: int
    """The frame in which this face is best seen, from 0."""
    first_frame: int
    first_s: float
    """Seconds from the beginning."""
    frames: int
    """In how many frames the person is to be seen, as far as the searched ones tell."""
    size: int
    """Height of the face where it is best seen, pixels."""
    frontality: float
    """1 where it then looks at the camera, 0 in profile."""


@dataclass(frozen=True, slots=True, eq=False)
class PeopleScan:
    """Who is in a target."""

    target: Path
    people: tuple[FoundPerson, ...]
    """By their first frame and, within it, by position."""
    pictures: tuple[Pixels, ...]
    """One of each, screened, in the same order."""


def scan_people(
    target: Path,
    settings: Settings,
    *,
    faces: FaceOptions,
    video: VideoOptions,
    cancel: threading.Event,
) -> PeopleScan:
    """Find the people of a photo, an animation or a film.

    A film is searched twice a second and at cuts, a long one less often.

    Args:
        target: What is looked at.
        settings: What this machine has.
        faces: What finds people, how they are counted and how alike they must be.
        video: Which part of a film is looked at.
        cancel: Ends the search.

    Raises:
        NoFaceError: There is nobody.
        RefusedError: A picture to be shown shows nudity.
        MediaError: The target cannot be read.
        CancelledError: ``cancel`` was set.
    """
    with Screen(Judges(settings), cancel) as screen:
        analyser = Analyser(settings, faces)
        counting = _Scanner(analyser, faces, screen, str(target))
        with open_reader(target, video, lambda sentence: None) as reader:
            step = _step(reader.info)
            first = _offset(reader.info, video)
            last = 0
            for last, frame in _searched(iter(reader), step):
                if cancel.is_set():
                    raise CancelledError("cancelled")
                counting.look(frame, first + last)
        screen.settle()  # no picture is shown that has not passed
    if not counting.people:
        raise no_face_error(target)
    found = sorted(counting.people, key=lambda p: (p.first_frame, p.first_position))
    most = reader.info.frames or last + 1
    people = tuple(person.described(step, most) for person in found)
    return PeopleScan(target, people, tuple(person.picture for person in found))


def _step(info: TargetInfo) -> int:
    """Return every which frame is searched."""
    if info.fps is None:
        return 1
    usual = max(int(info.fps) // _A_SECOND, 1)
    return max(usual, -(-(info.frames or 0) // _MOST))


def _offset(info: TargetInfo, video: VideoOptions) -> int:
    """Return the number, in the whole film, of the first frame that is read."""
    return round((video.start or 0) * (info.fps or Fraction(0)))


def _searched(frames: Iterator[Frame], step: int) -> Iterator[tuple[int, Frame]]:
    """Yield the frames to search with their numbers: every so many, and the first after a cut."""
    cuts = CutDetector()
    for number, frame in enumerate(frames):
        if cuts.is_cut(frame) or number % step == 0:
            yield number, frame


@dataclass(slots=True)
class _Known:
    """What is known of a person so far."""

    looks: list[Descriptor]
    mesh: Mesh
    """Where the face was last."""
    first_frame: int
    first_position: int
    first_s: float
    last_frame: int = -1
    count: int = 0
    best: float = 0.0
    """How well the face is seen where it is best seen."""
    best_frame: int = 0
    best_position: int = 0
    size: int = 0
    frontality: float = 0.0
    picture: Pixels = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8))

    def described(self, step: int, most: int) -> FoundPerson:
        return FoundPerson(
            position=self.best_position,
            frame=self.best_frame,
            first_frame=self.first_frame,
            first_s=round(self.first_s, 3),
            frames=min(self.count * step, most),
            size=self.size,
            frontality=round(self.frontality, 2),
        )


class _Scanner:
    """Tells the faces of one frame after another apart."""

    def __init__(self, analyser: Analyser, options: FaceOptions, screen: Screen, name: str) -> None:
        self._analyser = analyser
        self._options = options
        self._screen = screen
        self._name = name
        self.people: list[_Known] = []

    def look(self, frame: Frame, number: int) -> None:
        """Count the people of the frame of this number."""
        meshes = self._analyser.faces(frame, self._options.face_order)
        shown = False
        for position, mesh in enumerate(meshes):
            look = self._analyser.recogniser.describe(frame, mesh)
            person = self._who(look, mesh, number)
            if person is None:
                seconds = float(frame.pts * frame.time_base)
                person = _Known([], mesh, number, position, seconds)
                self.people.append(person)
            person.looks = [*person.looks, look][-_KEPT:]
            person.mesh, person.last_frame = mesh, number
            person.count += 1
            shown |= _keep_best(person, frame, mesh, place=(number, position))
        if shown:
            self._screen.show_photo(frame.thumbnail(max(frame.size)), self._name)

    def _who(self, look: Descriptor, mesh: Mesh, number: int) -> _Known | None:
        """Return who of those that are not in this frame yet has this face."""
        free = [person for person in self.people if person.last_frame != number]
        last = max((person.last_frame for person in free), default=-1)
        distances = [
            look.distance(merged(person.looks))
            / (
                _IN_PLACE
                if person.last_frame == last and is_same(person.mesh, mesh)
                else self._limit
            )
            for person in free
        ]
        if not distances or min(distances) >= 1:
            return None
        return free[int(np.argmin(distances))]

    @property
    def _limit(self) -> float:
        return self._options.similar_face_distance


def _keep_best(person: _Known, frame: Frame, mesh: Mesh, *, place: tuple[int, int]) -> bool:
    """Remember this view of a person if it is the best so far; tell whether it is."""
    size, front = float(np.ptp(mesh[:, 1])), frontality(mesh)
    if size * front <= person.best:
        return False
    person.best, person.size, person.frontality = size * front, round(size), front
    person.best_frame, person.best_position = place
    box = bounds(mesh[:, :2], margin=_ROOM * size).evened().clipped(frame.size)
    person.picture = frame.thumbnail(PICTURE, box)
    return True
