"""How often each person was replaced, where nobody in particular is to be."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roop.faces.recognition.descriptor import Descriptor

_SAME_PERSON = 0.98
"""Distance up to which two stretches show one person: as many pairs of one person are further apart
as pairs of two people are nearer (docs/people.md)."""

_MOST_PEOPLE = 32
"""People that are counted: those who were replaced most often."""

_ENOUGH = 16
"""Descriptors in a mean after which an older one counts no more than a newer one."""

_RARELY = 0.03
"""Share of the replaced frames below which a person is a stranger in a single blurred frame."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonCount:
    """One person who was replaced, and in how many frames."""

    frames: int
    descriptor: Descriptor
    views: int
    """How many descriptors ``descriptor`` is the mean of."""
    time_s: Fraction
    """Time of the frame that shows the face best, in seconds of the target's clock."""
    box: tuple[float, float, float, float]
    """Where the face is in that frame, xyxy."""
    quality: float
    """How well the face shows there: its height in pixels times its frontality."""

    def __add__(self, other: "PersonCount") -> "PersonCount":
        """Return the count of a person who was counted twice."""
        best = max(self, other, key=lambda count: count.quality)
        return PersonCount(
            self.frames + other.frames,
            _mean(self, other),
            min(self.views + other.views, _ENOUGH),
            best.time_s,
            best.box,
            best.quality,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the count as JSON has it."""
        rows = np.column_stack([self.descriptor.weights, self.descriptor.features])
        return {
            "frames": self.frames,
            "views": self.views,
            "time_s": str(self.time_s),
            "box": self.box,
            "quality": self.quality,
            "parts": len(rows),
            "descriptor": base64.b64encode(rows.astype("<f2").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PersonCount":
        """Return the count that ``to_dict`` wrote.

        Raises:
            KeyError: A field is missing.
            ValueError: A field is damaged.
            TypeError: A field is of another type.
        """
        rows = np.frombuffer(base64.b64decode(data["descriptor"]), "<f2").astype(np.float32)
        rows = rows.reshape(int(data["parts"]), -1)
        x0, y0, x1, y1 = data["box"]
        return cls(
            int(data["frames"]),
            Descriptor(rows[:, 1:], rows[:, 0]),
            int(data["views"]),
            Fraction(data["time_s"]),
            (float(x0), float(y0), float(x1), float(y1)),
            float(data["quality"]),
        )


def merged(counts: Iterable[PersonCount]) -> tuple[PersonCount, ...]:
    """Return the counts with those of one person added up, most often first."""
    people: list[PersonCount] = []
    for count in sorted(counts, key=lambda count: -count.frames):
        distances = [count.descriptor.distance(known.descriptor) for known in people]
        if distances and min(distances) < _SAME_PERSON:
            nearest = int(np.argmin(distances))
            people[nearest] = people[nearest] + count
        else:
            people.append(count)
    return tuple(sorted(people, key=lambda count: -count.frames)[:_MOST_PEOPLE])


def without_rare(counts: Sequence[PersonCount]) -> tuple[PersonCount, ...]:
    """Return the counts without people who were hardly ever replaced."""
    least = _RARELY * sum(count.frames for count in counts)
    return tuple(count for count in counts if count.frames >= least)


def _mean(one: PersonCount, other: PersonCount) -> Descriptor:
    """Return the mean of two people's descriptors, as many as each is the mean of."""
    a, b = one.descriptor, other.descriptor
    weight_a, weight_b = one.views * a.weights, other.views * b.weights
    total: NDArray[np.float32] = np.maximum(weight_a + weight_b, 1e-6)
    features = weight_a[:, None] * a.features + weight_b[:, None] * b.features
    weights = np.maximum(a.weights, b.weights)
    return Descriptor((features / total[:, None]).astype(np.float32), weights, scale=a.scale)
