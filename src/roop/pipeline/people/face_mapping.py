"""Find the people of a target who are replaced, and by which identity."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from roop.errors import CancelledError, NoFaceError, UsageError
from roop.faces.analyser import Analyser
from roop.faces.recognition.descriptor import Descriptor, mean_descriptor
from roop.faces.tracking.selection import AllFaces, FaceSelector, KnownPeople, LargestFace, Person
from roop.media.frames.stored_frame import StoredFrame
from roop.media.open import open_reader
from roop.media.video.nth_frame import read_nth_frame
from roop.options import Assignment, FaceOptions, Job, VideoOptions
from roop.pipeline.people.mapping_file import assignments_of
from roop.pipeline.people.no_face import no_face_error
from roop.pipeline.people.photos import Photos
from roop.types import Frame, Identity

_OPTION = "reference_face_position"
"""The option that chooses one of several faces in a reference photo."""

_STEP = 10
"""Frames from one search for the first face to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceMapping:
    """Which people get which identity."""

    identities: tuple[Identity, ...]
    people: tuple[Person, ...] = ()
    """The known people of the target; empty if the job names nobody."""
    others: int | None = None
    """The identity that everybody else gets; None if they stay."""

    def selector(
        self, options: FaceOptions, analyser: Analyser, chosen: Descriptor | None = None
    ) -> FaceSelector:
        """Return a face selector for one stream.

        Args:
            options: Who is wanted.
            analyser: Owns the recogniser.
            chosen: The person who was chosen before the stream, if the job names nobody.
        """
        if self.people:
            limit = options.similar_face_distance
            return KnownPeople(self.people, analyser.recogniser, limit=limit, others=self.others)
        return AllFaces() if options.many_faces else LargestFace(chosen)


def load_identities(job: Job, photos: Photos, analyser: Analyser) -> tuple[Identity, ...]:
    """Return the identities of a job: those of its mapping, then that of its sources.

    Raises:
        NoFaceError: A photo does not show the face that it should.
    """
    position = job.faces.source_face_position
    groups = [*_groups(job), *([job.sources] if job.sources else [])]
    return tuple(photos.identity(group, position, analyser) for group in groups)


def find_people(
    job: Job,
    identities: tuple[Identity, ...],
    photos: Photos,
    analyser: Analyser,
    cancel: threading.Event,
) -> FaceMapping:
    """Return which people of a job's target get which identity.

    Args:
        job: Names the people.
        identities: As ``load_identities`` returned them.
        photos: Those of the job, for references.
        analyser: Finds the faces.
        cancel: Stops the search.

    Raises:
        NoFaceError: A photo or a frame does not show the face that it should.
        UsageError: The mapping is invalid.
        MediaError: The target cannot be read.
        CancelledError: ``cancel`` was set.
    """
    finder = _PeopleFinder(job, analyser, photos, cancel)
    groups = _groups(job)
    if groups:
        given = [(a, groups.index(a.source)) for a in assignments_of(job.faces)]
        others = len(groups) if job.sources else None
        return FaceMapping(identities, finder.people(given), others)
    wanted = _wanted(job.faces)
    return FaceMapping(identities, finder.people([(wanted, 0)]) if wanted else ())


def _groups(job: Job) -> list[tuple[Path, ...]]:
    """Return the sources of a job's mapping, each once."""
    return list(dict.fromkeys(given.source for given in assignments_of(job.faces)))


def _wanted(options: FaceOptions) -> Assignment | None:
    """Return the person that the options name, None if they name nobody."""
    if options.reference is not None:
        return Assignment(source=(Path(),), reference=options.reference)
    if not options.by_position:
        return None
    position = options.reference_face_position or 0
    return Assignment(source=(Path(),), position=position, frame=options.reference_frame_number)


class _PeopleFinder:
    """Finds the people that a job names."""

    def __init__(
        self, job: Job, analyser: Analyser, photos: Photos, cancel: threading.Event
    ) -> None:
        self._job = job
        self._analyser = analyser
        self._photos = photos
        self._cancel = cancel

    def people(self, given: Sequence[tuple[Assignment, int]]) -> tuple[Person, ...]:
        """Return the people who are named, then others in their frames who are not."""
        groups = [
            [Person(self._of_photo(a.reference), identity)]
            for a, identity in given
            if a.reference is not None
        ]
        numbers = {a.frame for a, _ in given if a.position is not None}
        for number in sorted(numbers, key=lambda n: -1 if n is None else n):
            here = [(a, i) for a, i in given if a.frame == number]
            wanted = [(a.position, i) for a, i in here if a.position is not None]
            groups.append(list(self._of_frame(number, wanted)))
        named = [person for group in groups for person in group if person.identity is not None]
        return (*named, *self._bystanders(groups))

    def _bystanders(self, groups: Sequence[Sequence[Person]]) -> Iterator[Person]:
        """Yield the people who are named neither in their own frame nor in another."""
        limit = self._job.faces.similar_face_distance
        for group in groups:
            elsewhere = [p for other in groups if other is not group for p in other]
            named = [person.descriptor for person in elsewhere if person.identity is not None]
            for person in group:
                known = any(person.descriptor.distance(other) < limit for other in named)
                if person.identity is None and not known:
                    yield person

    def _of_photo(self, path: Path) -> Descriptor:
        """Return a descriptor of the person in a photo, or in all photos of a folder."""
        position, descriptors = self._job.faces.reference_face_position, []
        for pixels, name in self._photos.of([path]):
            mesh = self._analyser.portrait(pixels, position, name=name, option=_OPTION).mesh
            descriptors.append(self._analyser.recogniser.describe(StoredFrame(pixels), mesh))
        return mean_descriptor(descriptors)

    def _of_frame(self, number: int | None, wanted: Sequence[tuple[int, int]]) -> Iterator[Person]:
        """Yield the people in a frame; those at ``wanted`` positions get identities."""
        identities = dict(wanted)
        if len(identities) < len(wanted):
            raise UsageError(
                "one person gets two faces", hint="name each position once in the mapping"
            )
        frame, number = self._frame(number)
        meshes = self._analyser.faces(frame, self._job.faces.face_order)
        missing = [position for position in identities if position >= len(meshes)]
        if missing:
            raise NoFaceError(
                f"no face number {missing[0]} in frame {number} of {self._job.target}: "
                f"it shows {len(meshes)}",
                hint=f"`roop faces {self._job.target}` lists the people; positions count from 0",
            )
        for position, mesh in enumerate(meshes):
            descriptor = self._analyser.recogniser.describe(frame, mesh)
            yield Person(descriptor, identities.get(position))

    def _seek(self, number: int) -> Frame | None:
        """Return frame ``number`` if it can be decoded without all frames before it."""
        with open_reader(self._job.target, VideoOptions(), _ignore) as reader:
            if reader.info.kind != "video":
                return None
        return read_nth_frame(self._job.target, number, _ignore)

    def _frame(self, number: int | None) -> tuple[Frame, int]:
        """Return frame ``number``, or the first frame with a face, and its number."""
        target, order = self._job.target, self._job.faces.face_order
        if number is not None and (frame := self._seek(number)) is not None:
            return frame, number
        video = self._job.video if number is None else VideoOptions()
        last = -1
        with open_reader(target, video, _ignore) as reader:
            for last, frame in enumerate(reader):
                if self._cancel.is_set():
                    raise CancelledError("cancelled")
                if last == number or (
                    number is None and last % _STEP == 0 and self._analyser.faces(frame, order)
                ):
                    return frame, last
        if number is None:
            raise no_face_error(target)
        raise UsageError(
            f"{target} has no frame number {number}: its last is {last}",
            hint="frames are counted from 0",
        )


def _ignore(warning: str) -> None:
    """Ignore warnings: the reader that makes the output reports them."""
