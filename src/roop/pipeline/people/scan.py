"""Find the people in a photo or a video."""

import bisect
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from roop.errors import CancelledError
from roop.faces.analyser import Analyser
from roop.faces.detection.search import is_same_face
from roop.faces.fitness import Fault, Fitness, fitness
from roop.faces.mesh.topology import frontality
from roop.faces.recognition.descriptor import Descriptor, mean_descriptor
from roop.faces.tracking.cuts import CutDetector
from roop.geometry import bounds
from roop.media.base import TargetInfo
from roop.media.open import open_reader
from roop.media.video.packet_times import packet_times
from roop.options import FaceOptions, Settings, VideoOptions
from roop.pipeline.people.no_face import no_face_error
from roop.safety.classifiers import Classifiers
from roop.safety.screen import Screen
from roop.types import Frame, Mesh, Pixels

PICTURE = 256
"""Longest side of a person's picture, pixels."""

_SEARCHES_PER_S = 2
"""Frames per second that are searched for faces."""

_MOST_SEARCHES = 400
"""Most frames of a video that are searched: in a long one they lie farther apart."""

_DESCRIPTORS = 6
"""Most descriptors of a person that are kept."""

_SAME_PLACE = 1.15
"""Distance up to which a face is the person who was in the same place just before."""

_MARGIN = 0.35
"""Margin around the face in its picture, as a share of its size."""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """One person in a target, and how to name that person in a mapping."""

    position: int
    """Position in ``frame``, from 0."""
    frame: int
    """The frame that shows this face best, from 0."""
    first_frame: int
    first_s: float
    """Seconds from the beginning."""
    frames: int
    """About how many frames show the person, estimated from those that were searched."""
    size: int
    """Height of the face in ``frame``, pixels."""
    frontality: float
    """1 if the face looks at the camera in ``frame``, 0 in profile."""
    faults: tuple[Fault, ...] = ()
    """Why a photo of this face makes a poor source; empty for a video."""
    score: float | None = None
    """How well a photo of this face serves as a source, 0..1; None for a video."""


@dataclass(frozen=True, slots=True, eq=False)
class PeopleScan:
    """The people in a target."""

    target: Path
    people: tuple[FoundPerson, ...]
    """Sorted by their first frame and, within it, by position."""
    pictures: tuple[Pixels, ...]
    """One picture of each, screened, in the same order."""
    descriptors: tuple[Descriptor, ...]
    """What tells each from the others, in the same order."""

    def find(self, descriptor: Descriptor, limit: float) -> int | None:
        """Return which of the people a face is; None if it is further than ``limit`` from all."""
        distances = [descriptor.distance(known) for known in self.descriptors]
        if not distances or min(distances) >= limit:
            return None
        return int(np.argmin(distances))


def scan_people(
    target: Path,
    settings: Settings,
    *,
    faces: FaceOptions,
    video: VideoOptions,
    cancel: threading.Event,
    on_found: Callable[[PeopleScan], None] | None = None,
) -> PeopleScan:
    """Find the people in a photo, an animation or a video.

    A video is searched twice a second and at cuts, a long one less often.

    Args:
        target: The file to search.
        settings: What this machine has.
        faces: How people are found, sorted and told apart.
        video: Which part of a video is searched.
        cancel: Set it to stop the search.
        on_found: Called with everybody found so far when there is somebody new.

    Raises:
        NoFaceError: No frame shows a face.
        RefusedError: A picture of a person shows nudity.
        MediaError: The target cannot be read.
        CancelledError: ``cancel`` was set.
    """
    with Screen(Classifiers(settings), cancel) as screen:
        analyser = Analyser(settings, faces)
        scanner = _Scanner(analyser, faces, screen, str(target))
        times = _frame_times(target, video)
        with open_reader(target, video, _ignore, sparse=times is not None) as reader:
            step = _step(reader.info)
            frames = _numbered(reader, times, first=_offset(reader.info, video))
            last, known = 0, 0
            with closing(_read_ahead(_searched(frames, step))) as searched:
                for last, frame in searched:
                    if cancel.is_set():
                        raise CancelledError("cancelled")
                    scanner.search(frame, last)
                    if on_found is not None and len(scanner.people) > known:
                        known = len(scanner.people)
                        screen.wait_for_verdicts()  # no picture is returned that has not passed
                        on_found(_scan_of(target, scanner.people, step, reader.info.frames))
        screen.wait_for_verdicts()
    if not scanner.people:
        raise no_face_error(target)
    return _scan_of(target, scanner.people, step, reader.info.frames or last + 1)


def _scan_of(
    target: Path, people: Sequence["_Candidate"], step: int, total: int | None
) -> PeopleScan:
    found = sorted(people, key=lambda person: (person.first_frame, person.first_position))
    return PeopleScan(
        target,
        tuple(person.to_found(step, total) for person in found),
        tuple(person.picture for person in found),
        tuple(mean_descriptor(person.descriptors) for person in found),
    )


def _step(info: TargetInfo) -> int:
    """Return the distance in frames from one search to the next."""
    if info.fps is None:
        return 1
    usual = max(int(info.fps) // _SEARCHES_PER_S, 1)
    return max(usual, -(-(info.frames or 0) // _MOST_SEARCHES))


def _offset(info: TargetInfo, video: VideoOptions) -> int:
    """Return the number, in the whole video, of the first frame that is read."""
    return round((video.start or 0) * (info.fps or Fraction(0)))


def _frame_times(target: Path, video: VideoOptions) -> tuple[int, ...] | None:
    """Return the time of every frame of a whole video, in ticks; None if it is not known."""
    with open_reader(target, video, _ignore) as reader:
        if reader.info.kind != "video" or video.start is not None or video.end is not None:
            return None
    times = packet_times(target)
    return times.presented if times else None


def _numbered(
    frames: Iterable[Frame], times: Sequence[int] | None, *, first: int
) -> Iterator[tuple[int, Frame]]:
    """Yield frames with their numbers in the whole target.

    Args:
        frames: Some of them may have been left out if ``times`` are given.
        times: Of all frames.
        first: Number of the first frame without them.
    """
    for count, frame in enumerate(frames, first):
        yield count if times is None else bisect.bisect_left(times, frame.pts), frame


def _searched(frames: Iterable[tuple[int, Frame]], step: int) -> Iterator[tuple[int, Frame]]:
    """Yield the numbered frames to search: one in ``step``, and those after cuts."""
    cuts, due = CutDetector(), 0
    for number, frame in frames:
        if cuts.is_cut(frame) or number >= due:
            yield number, frame
        if number >= due:
            due = number - number % step + step


def _read_ahead(
    frames: Iterator[tuple[int, Frame]],
) -> Generator[tuple[int, Frame]]:
    """Yield ``frames``; the next one is decoded in another thread meanwhile."""
    with ThreadPoolExecutor(1, "roop-reader") as thread:
        coming = thread.submit(next, frames, None)
        while (found := coming.result()) is not None:
            coming = thread.submit(next, frames, None)
            yield found


def _ignore(warning: str) -> None:
    """Ignore warnings: a swap of the target reports them."""


@dataclass(slots=True)
class _Candidate:
    """What is known about a person so far."""

    descriptors: list[Descriptor]
    mesh: Mesh
    """Where the face was when it was last found."""
    first_frame: int
    first_position: int
    first_s: float
    last_frame: int = -1
    count: int = 0
    best: float = 0.0
    """How well the face shows in its best frame: height times frontality."""
    best_frame: int = 0
    best_position: int = 0
    size: int = 0
    frontality: float = 0.0
    fitness: Fitness | None = None
    picture: Pixels = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8))

    def to_found(self, step: int, total: int | None) -> FoundPerson:
        return FoundPerson(
            position=self.best_position,
            frame=self.best_frame,
            first_frame=self.first_frame,
            first_s=round(self.first_s, 3),
            frames=self.count * step if total is None else min(self.count * step, total),
            size=self.size,
            frontality=round(self.frontality, 2),
            faults=self.fitness.faults if self.fitness else (),
            score=self.fitness.score if self.fitness else None,
        )


class _Scanner:
    """Assigns the faces of one frame after another to people."""

    def __init__(self, analyser: Analyser, options: FaceOptions, screen: Screen, name: str) -> None:
        self._analyser = analyser
        self._options = options
        self._screen = screen
        self._name = name
        self.people: list[_Candidate] = []

    def search(self, frame: Frame, number: int) -> None:
        """Add the people of frame ``number``."""
        meshes = self._analyser.faces(frame, self._options.face_order)
        improved = False
        for position, mesh in enumerate(meshes):
            descriptor = self._analyser.recogniser.describe(frame, mesh)
            person = self._match(descriptor, mesh, number)
            if person is None:
                seconds = float(frame.pts * frame.time_base)
                person = _Candidate([], mesh, number, position, seconds)
                self.people.append(person)
            person.descriptors = [*person.descriptors, descriptor][-_DESCRIPTORS:]
            person.mesh, person.last_frame = mesh, number
            if frame.still:
                person.fitness = fitness(frame, mesh)
            person.count += 1
            improved |= _keep_best(person, frame, mesh, place=(number, position))
        if improved:
            self._screen.submit_picture(frame, self._name)

    def _match(self, descriptor: Descriptor, mesh: Mesh, number: int) -> _Candidate | None:
        """Return the person of this face among those not yet found in this frame."""
        free = [person for person in self.people if person.last_frame != number]
        last = max((person.last_frame for person in free), default=-1)
        distances = [
            descriptor.distance(mean_descriptor(person.descriptors))
            / (
                _SAME_PLACE
                if person.last_frame == last and is_same_face(person.mesh, mesh)
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


def _keep_best(person: _Candidate, frame: Frame, mesh: Mesh, *, place: tuple[int, int]) -> bool:
    """Keep this view of a person if it is the best so far; return True if it is."""
    size, front = float(np.ptp(mesh[:, 1])), frontality(mesh)
    if size * front <= person.best:
        return False
    person.best, person.size, person.frontality = size * front, round(size), front
    person.best_frame, person.best_position = place
    box = bounds(mesh[:, :2], margin=_MARGIN * size).evened().clipped(frame.size)
    person.picture = frame.thumbnail(PICTURE, box)
    return True
