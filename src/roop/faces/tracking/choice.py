"""Who of the people in a frame is given which identity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from roop.faces.mesh.topology import frontality
from roop.faces.recognition.descriptor import FARTHEST, Descriptor, Recogniser, merged
from roop.faces.recognition.texture import TextureRecogniser
from roop.faces.tracking.track import Track
from roop.types import Frame

_MAX_LOOKS = 6
"""Looks at a person that are kept."""

_LOOK_AGAIN = (1, 2, 4, 8)
"""Frames from the first look at a person to the second, from that to the third, ..."""

_LOOK_CLOSELY = (1, 1, 1, 1, 1, 2, 4, 8)
"""The same for a stranger: who comes into view is not well seen at first."""

_LOOK_AT_TIMES = 16
"""Frames between the later ones."""

_SOMEBODY_ELSE = 1.15
"""Distance between two looks at a track above which it has gone over to another person."""

_PARTLY = 0.3
"""Share of a face's parts that somebody else's hardly ever have alike."""

_STAYS = 1.2
"""A person once recognised may be farther off than the limit by this factor."""

SAME_PERSON = 0.85
"""Distance up to which a face is that of the one who was chosen before."""

_NEARER = 0.05
"""Another person takes over only if nearer by more."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody known before the target is read."""

    looks: Descriptor
    identity: int | None
    """What this person is given; None for one who is known and was not asked for."""


class Choice(Protocol):
    """Chooses among the faces that are followed; told of every frame, in order."""

    @property
    def thorough(self) -> bool:
        """True if small newcomers matter."""
        ...

    def is_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether somebody is wanted who is not among ``tracks``, so that it pays to look."""
        ...

    def choose(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return the identity of each track that is to be swapped, by its number.

        Args:
            frame: The next one.
            tracks: The faces that are followed in it.
            cut: True if it may be the first of another shot.
        """
        ...


class Everyone:
    """Gives every face the first identity."""

    thorough = True

    def is_missing(self, tracks: Sequence[Track]) -> bool:
        """Nobody in particular is wanted."""
        return not tracks

    def choose(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return 0 for all."""
        return {track.number: 0 for track in tracks}


class Largest:
    """Gives the first identity to the face that was the largest when it was chosen.

    Within a shot a person once chosen stays so: if the face is lost from sight and found again
    among others, it is known by its looks. These are measured without a network: they need not
    tell strangers apart, only those few who are in the same shot and the same light.

    Args:
        looks: Those of who was chosen just before the first frame, if anybody was.
    """

    thorough = False

    def __init__(self, looks: Descriptor | None = None) -> None:
        self.looks = looks
        """Those of who was chosen last in this shot; None if nobody was."""
        self._recogniser = TextureRecogniser()
        self._chosen: int | None = None

    def is_missing(self, tracks: Sequence[Track]) -> bool:
        """Anybody will do."""
        return not tracks

    def choose(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return 0 for the chosen one; a face that looks away counts as a smaller one."""
        kept = next((track for track in tracks if track.number == self._chosen), None)
        if kept is not None and not (cut and kept.fresh):  # else another face in its place
            return {kept.number: 0}
        if cut:
            self.looks = None
        if not tracks:
            return {}
        self._chosen, self.looks = self._pick(frame, tracks)
        return {self._chosen: 0}

    def _pick(self, frame: Frame, tracks: Sequence[Track]) -> tuple[int, Descriptor]:
        """Return the number and the looks of who was chosen before, else of the largest."""
        if self.looks is not None and len(tracks) > 1:
            seen = [self._recogniser.describe(frame, track.mesh) for track in tracks]
            distances = [self.looks.distance(look) for look in seen]
            nearest = int(np.argmin(distances))
            if distances[nearest] < SAME_PERSON:
                return tracks[nearest].number, seen[nearest]
        largest = max(tracks, key=lambda t: t.height * frontality(t.mesh))
        return largest.number, self._recogniser.describe(frame, largest.mesh)


@dataclass(slots=True)
class _Opinion:
    """Who somebody is held to be."""

    looks: list[Descriptor] = field(default_factory=list)
    person: int | None = None
    """Index into the people; None for a stranger."""
    distance: float = FARTHEST
    """To that person; for a stranger, to the nearest."""
    wait: int = 0
    """Frames until the next look."""
    count: int = 0
    """Looks so far."""


class Wanted:
    """Gives certain people their identities, and leaves everybody else alone.

    A track is looked at when it begins, when it is in doubt and now and then; who it is follows
    from its own looks and from the people known beforehand, from nothing else.

    Args:
        people: Who is known.
        recogniser: What described them.
        limit: Distance up to which a face is a person's.
        others: What everybody else is given; None for nothing.
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
        self._opinions: dict[int, _Opinion] = {}
        self.nearest = FARTHEST
        """The smallest distance of any face seen so far to a person who is wanted."""

    @property
    def thorough(self) -> bool:
        """Newcomers matter if everybody is given a face."""
        return self._others is not None

    def is_missing(self, tracks: Sequence[Track]) -> bool:
        """Tell whether a wanted person is not in sight, or may have been displaced."""
        sure = [t for t in tracks if not t.doubtful and t.number in self._opinions]
        seen = {self._opinions[track.number].person for track in sure}
        return any(p.identity is not None and i not in seen for i, p in enumerate(self._people))

    def choose(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Return the identity of every track that is held to be a wanted person."""
        kept = {track.number: self._opinions.get(track.number) or _Opinion() for track in tracks}
        self._opinions = kept
        for track in tracks:
            opinion = kept[track.number]
            opinion.wait -= 1
            if not track.lost and (track.doubtful or opinion.wait <= 0):
                look = self._recogniser.describe(frame, track.mesh)
                self._think(opinion, look, patient=track.back)
        chosen = {}
        for number, opinion in self._without_doubles(tracks):
            person = None if opinion.person is None else self._people[opinion.person]
            identity = person.identity if person and person.identity is not None else self._others
            if identity is not None:
                chosen[number] = identity
        return chosen

    def _think(self, opinion: _Opinion, look: Descriptor, *, patient: bool) -> None:
        """Form an opinion, or think it over.

        Args:
            opinion: So far.
            look: What is seen now.
            patient: Look once more before believing that it is somebody else.
        """
        before = merged(opinion.looks) if opinion.looks else look
        if look.distance(before) > _SOMEBODY_ELSE:
            partly = patient or look.agreement(before) > _PARTLY
            if opinion.person is not None and partly and not self._is_known(look):
                opinion.wait = 1
                return  # something is in front of it
            opinion.looks, opinion.person, opinion.count = [], None, 0
        opinion.looks = [*opinion.looks, look][-_MAX_LOOKS:]
        known = merged(opinion.looks)
        distances = [person.looks.distance(known) for person in self._people]
        wanted = [d for d, p in zip(distances, self._people, strict=True) if p.identity is not None]
        self.nearest = min([self.nearest, *wanted])
        opinion.person = self._recognised(distances, opinion.person)
        opinion.distance = min(distances) if opinion.person is None else distances[opinion.person]
        waits = _LOOK_CLOSELY if opinion.person is None else _LOOK_AGAIN
        opinion.wait = waits[opinion.count] if opinion.count < len(waits) else _LOOK_AT_TIMES
        opinion.count += 1

    def _is_known(self, look: Descriptor) -> bool:
        return any(person.looks.distance(look) < self._limit for person in self._people)

    def _recognised(self, distances: Sequence[float], before: int | None) -> int | None:
        """Return who is at these distances, if it was ``before`` so far."""
        nearest = int(np.argmin(distances))
        if before is not None and distances[before] < self._limit * _STAYS:
            return nearest if distances[nearest] < distances[before] - _NEARER else before
        return nearest if distances[nearest] < self._limit else None

    def _without_doubles(self, tracks: Iterable[Track]) -> Iterable[tuple[int, _Opinion]]:
        """Yield the opinions; of several faces held to be one person the nearest in sight is."""
        taken: set[int] = set()
        ranked = sorted(tracks, key=lambda t: (t.lost > 0, self._opinions[t.number].distance))
        for track in ranked:
            opinion = self._opinions[track.number]
            if opinion.person is not None:
                if opinion.person in taken:
                    continue
                taken.add(opinion.person)
            yield track.number, opinion
