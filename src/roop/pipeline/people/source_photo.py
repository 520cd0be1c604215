"""The source photos of a job, and how well each serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roop.faces.fitness import Fault, Fitness, best


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    """A source photo, and how well it serves."""

    photo: str
    """Its path."""
    score: float
    """0..1, from size, sharpness, pose, light and expression."""
    best: bool
    """True if it is the best of several photos of one person."""
    faults: tuple[Fault, ...] = ()
    """Why it makes a poor source; empty if it makes a good one."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SourcePhoto":
        """Return the photo that ``dataclasses.asdict`` made data of."""
        return cls(**{**data, "faults": tuple(Fault(**fault) for fault in data["faults"])})


def compared(names: Sequence[str], judged: Sequence[Fitness]) -> list[SourcePhoto]:
    """Return the photos of one person with the best of them marked."""
    first = best(judged) if len(judged) > 1 else None
    return [
        SourcePhoto(name, one.score, number == first, one.faults)
        for number, (name, one) in enumerate(zip(names, judged, strict=True))
    ]


def advice(photos: Sequence[SourcePhoto]) -> list[str]:
    """Return a warning for each fault of photos of one person, and which is the best of them."""
    chosen = next((photo for photo in photos if photo.best), None)
    hint = ""
    if chosen is not None:
        hint = " (the best of these photos is {})" if chosen.faults else " (as in {})"
        hint = hint.format(chosen.photo)
    return [f"{photo.photo}: {fault.text}{hint}" for photo in photos for fault in photo.faults]
