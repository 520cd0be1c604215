"""The stats of a job, or of a part of it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roop.faces.recognition.descriptor import FARTHEST
from roop.faces.tracking.person_counts import PersonCount, merged
from roop.pipeline.people.source_photo import SourcePhoto
from roop.pipeline.progress import FrameCounts


@dataclass(frozen=True, slots=True)
class JobStats:
    """Counts and warnings."""

    counts: FrameCounts = field(default_factory=FrameCounts)
    damaged: int = 0
    """Frames of the target that could not be decoded."""
    photos: int = 0
    """Source photos that were screened; every part of a job screens them all."""
    screened: int = 0
    """Frames that were screened."""
    left_out: int = 0
    """Frames that the output's container has no place for."""
    resumed: int = 0
    """Frames that were finished in an earlier run."""
    nearest: float = FARTHEST
    """The smallest distance of a face to a person who is to be replaced."""
    providers: tuple[str, ...] = ()
    """What the processors' networks ran on."""
    warnings: tuple[str, ...] = ()
    people: tuple[PersonCount, ...] = ()
    """Who was replaced, if the job names nobody: most often first."""
    sources: tuple[SourcePhoto, ...] = ()
    """The source photos; every part of a job judges them all."""

    def __add__(self, other: "JobStats") -> "JobStats":
        """Return the stats of two parts of one job."""
        return JobStats(
            counts=self.counts + other.counts,
            damaged=self.damaged + other.damaged,
            photos=max(self.photos, other.photos),
            screened=self.screened + other.screened,
            left_out=self.left_out + other.left_out,
            resumed=self.resumed + other.resumed,
            nearest=min(self.nearest, other.nearest),
            providers=tuple(dict.fromkeys((*self.providers, *other.providers))),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            people=merged((*self.people, *other.people)),
            sources=self.sources or other.sources,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the stats as JSON has them, with the counts among the other fields."""
        data = dataclasses.asdict(dataclasses.replace(self, people=()))
        people = [person.to_dict() for person in self.people]
        return {**data.pop("counts"), **data, "people": people}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "JobStats":
        """Return the stats that ``to_dict`` wrote.

        Raises:
            KeyError: A field is missing.
            TypeError: A field is unknown or of another type.
            ValueError: A field is damaged.
        """
        names = [field.name for field in dataclasses.fields(FrameCounts)]
        rest = {name: value for name, value in data.items() if name not in names}
        lists = {name: tuple(rest[name]) for name in ("providers", "warnings")}
        people = tuple(PersonCount.from_dict(person) for person in rest["people"])
        counts = FrameCounts.from_dict({name: data[name] for name in names})
        sources = tuple(SourcePhoto.from_dict(photo) for photo in rest["sources"])
        return cls(counts=counts, **rest | lists | {"people": people, "sources": sources})
