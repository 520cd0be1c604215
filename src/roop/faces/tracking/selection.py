"""Select the faces of each frame that are replaced, and the identity that each of them gets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from roop.faces.mesh.topology import frontality
from roop.faces.recognition.descriptor import FARTHEST, Descriptor, Recogniser, mean_descriptor
from roop.faces.recognition.texture import TextureRecogniser
from roop.faces.tracking.track import Track
from roop.types import Frame

_MAX_DESCRIPTORS = 6
"""Descriptors that are kept of a track: the last ones."""

_CHECK_INTERVALS = (1, 2, 4, 8)
"""Frames between the first descriptors of a track whose person is recognised."""

_STRANGER_CHECK_INTERVALS = (1, 1, 1, 1, 1, 2, 4, 8)
"""The same for a stranger: a face that has just come into view is not well visible."""

_LATER_CHECK_INTERVAL = 16
"""Frames between all later descriptors."""

_DIFFERENT_PERSON = 1.15
"""Distance between two descriptors of a track above which it has switched to another person."""

_PARTLY_ALIKE = 0.3
"""Share of a face's parts that hardly ever agree with another person's."""

_HYSTERESIS = 1.2
"""A person once recognised stays so up to the limit times this factor."""

SAME_PERSON = 0.85
"""Distance up to which a face is that of the person who was selected before."""

_MIN_ADVANTAGE = 0.05
"""A recognised face becomes another person's only if it is nearer to that person by more."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody who is known before the target is read."""

    descriptor: Descriptor
    identity: int | None
    """The identity that this person gets; None if the person is known but not to be replaced."""


class FaceSelector(Protocol):
    """Selects among the tracked faces of one stream; sees every frame, in order."""

    @property
    def wants_small_faces(self) -> bool:
        """True if new faces matter even if they are small."""
        ...

    def is_anyone_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether a wanted person is not among ``tracks``, so that detection is worth it."""
        ...

    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return the identities of the tracks to swap, by track number.

        Args:
            frame: The next frame.
            tracks: The faces that are tracked in it.
            cut: Whether it may be the first frame of another shot.
        """
        ...


class AllFaces:
    """Gives every face the first identity."""

    wants_small_faces = True

    def is_anyone_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether there is no face at all."""
        return not tracks

    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return identity 0 for every track."""
        return {track.number: 0 for track in tracks}


class LargestFace:
    """Gives the first identity to the face that is the largest when a shot begins.

    The selected person stays selected within a shot: a face that was lost and is found again among
    others is recognised by its descriptor. The built-in recogniser is enough for that. It need not
    tell strangers apart, only the few people of one shot, in the same light.

    Args:
        descriptor: Of the person who was selected just before the first frame, if anybody was.
    """

    wants_small_faces = False

    def __init__(self, descriptor: Descriptor | None = None) -> None:
        self.descriptor = descriptor
        """Of the person last selected in this shot; None if nobody was."""
        self._recogniser = TextureRecogniser()
        self._selected: int | None = None

    def is_anyone_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether there is no face at all."""
        return not tracks

    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return identity 0 for the selected face."""
        same = next((track for track in tracks if track.number == self._selected), None)
        if same is not None and not (cut and same.fresh):  # then another face is in its place
            return {same.number: 0}
        if cut:
            self.descriptor = None
        if not tracks:
            return {}
        self._selected, self.descriptor = self._pick(frame, tracks)
        return {self._selected: 0}

    def select_next(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Select the face to the right of the selected one; after the last, the leftmost."""
        if not tracks:
            return
        ordered = sorted(tracks, key=lambda track: float(track.mesh[:, 0].mean()))
        numbers = [track.number for track in ordered]
        after = numbers.index(self._selected) + 1 if self._selected in numbers else 0
        chosen = ordered[after % len(ordered)]
        self._selected = chosen.number
        self.descriptor = self._recogniser.describe(frame, chosen.mesh)

    def _pick(self, frame: Frame, tracks: Sequence[Track]) -> tuple[int, Descriptor]:
        """Return the number and the descriptor of the person selected before, else the largest.

        The more a face is turned away from the camera, the smaller it counts.
        """
        if self.descriptor is not None and len(tracks) > 1:
            found = [self._recogniser.describe(frame, track.mesh) for track in tracks]
            distances = [self.descriptor.distance(descriptor) for descriptor in found]
            nearest = int(np.argmin(distances))
            if distances[nearest] < SAME_PERSON:
                return tracks[nearest].number, found[nearest]
        largest = max(tracks, key=lambda t: t.height * frontality(t.mesh))
        return largest.number, self._recogniser.describe(frame, largest.mesh)


@dataclass(slots=True)
class _Recognition:
    """Which person a track has been recognised as."""

    descriptors: list[Descriptor] = field(default_factory=list)
    person: int | None = None
    """Index into the known people; None for a stranger."""
    distance: float = FARTHEST
    """To that person; for a stranger, to the nearest."""
    frames_left: int = 0
    """Frames until the next descriptor."""
    count: int = 0
    """Descriptors so far."""


class KnownPeople:
    """Gives certain people their identities, and leaves everybody else alone.

    A track is described when it begins, when it is uncertain, and now and then. Who it is depends
    on its own descriptors and on the known people, on nothing else.

    Args:
        people: The known people.
        recogniser: The recogniser that described them.
        limit: Distance up to which a face is a person's.
        others: The identity that everybody else gets; None for none.
    """

    def __init__(
        self,
        people: Sequence[Person],
        recogniser: Recogniser,
        *,
        limit: float,
        others: int | None = None,
    ) -> None:
        self._people = people
        self._recogniser = recogniser
        self._limit = limit
        self._others = others
        self._recognitions: dict[int, _Recognition] = {}
        self.nearest_distance = FARTHEST
        """Smallest distance of any face so far to a person who is to be replaced."""

    @property
    def wants_small_faces(self) -> bool:
        """True if everybody gets an identity."""
        return self._others is not None

    def is_anyone_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether a person to be replaced is out of sight, or may have been mistaken."""
        sure = [t for t in tracks if not t.uncertain and t.number in self._recognitions]
        present = {self._recognitions[track.number].person for track in sure}
        return any(p.identity is not None and i not in present for i, p in enumerate(self._people))

    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return the identity of every track that is recognised as a person to be replaced."""
        self._recognitions = {
            track.number: self._recognitions.get(track.number) or _Recognition() for track in tracks
        }
        for track in tracks:
            recognition = self._recognitions[track.number]
            recognition.frames_left -= 1
            if not track.lost and (track.uncertain or recognition.frames_left <= 0):
                descriptor = self._recogniser.describe(frame, track.mesh)
                self._update(recognition, descriptor, reappeared=track.reappeared)
        selected = {}
        for number, recognition in self._one_face_per_person(tracks):
            person = None if recognition.person is None else self._people[recognition.person]
            identity = person.identity if person and person.identity is not None else self._others
            if identity is not None:
                selected[number] = identity
        return selected

    def _update(
        self, recognition: _Recognition, descriptor: Descriptor, *, reappeared: bool
    ) -> None:
        """Take a new descriptor of a track into account.

        Args:
            recognition: Of the track; changed in place.
            descriptor: Of its face in the current frame.
            reappeared: Whether the face was lost just before: then one descriptor is not enough to
                take it for another person's.
        """
        descriptors = recognition.descriptors
        before = mean_descriptor(descriptors) if descriptors else descriptor
        if descriptor.distance(before) > _DIFFERENT_PERSON:
            partly = reappeared or descriptor.agreement(before) > _PARTLY_ALIKE
            if recognition.person is not None and partly and not self._is_known(descriptor):
                recognition.frames_left = 1
                return  # something is in front of the face
            recognition.descriptors, recognition.person, recognition.count = [], None, 0
        recognition.descriptors = [*recognition.descriptors, descriptor][-_MAX_DESCRIPTORS:]
        mean = mean_descriptor(recognition.descriptors)
        distances = [person.descriptor.distance(mean) for person in self._people]
        wanted = [d for d, p in zip(distances, self._people, strict=True) if p.identity is not None]
        self.nearest_distance = min([self.nearest_distance, *wanted])
        person = self._best_match(distances, recognition.person)
        recognition.person = person
        recognition.distance = min(distances) if person is None else distances[person]
        intervals = _STRANGER_CHECK_INTERVALS if person is None else _CHECK_INTERVALS
        remaining = intervals[recognition.count :]
        recognition.frames_left = remaining[0] if remaining else _LATER_CHECK_INTERVAL
        recognition.count += 1

    def _is_known(self, descriptor: Descriptor) -> bool:
        return any(p.descriptor.distance(descriptor) < self._limit for p in self._people)

    def _best_match(self, distances: Sequence[float], before: int | None) -> int | None:
        """Return the person at these distances, given the person recognised so far."""
        nearest = int(np.argmin(distances))
        if before is not None and distances[before] < self._limit * _HYSTERESIS:
            return nearest if distances[nearest] < distances[before] - _MIN_ADVANTAGE else before
        return nearest if distances[nearest] < self._limit else None

    def _one_face_per_person(self, tracks: Iterable[Track]) -> Iterable[tuple[int, _Recognition]]:
        """Yield the recognitions; of several faces of one person only the best visible one."""
        taken: set[int] = set()
        ranked = sorted(tracks, key=lambda t: (t.lost > 0, self._recognitions[t.number].distance))
        for track in ranked:
            recognition = self._recognitions[track.number]
            if recognition.person is not None:
                if recognition.person in taken:
                    continue
                taken.add(recognition.person)
            yield track.number, recognition
