"""The progress of a job."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What was done to the frames of a job, or of a part of it."""

    frames: int = 0
    """Finished frames."""
    swapped: int = 0
    """Frames of those in which at least one face was replaced."""
    faces: int = 0
    """Faces that were replaced, in all frames together."""
    seen: int = 0
    """Faces that were visible, replaced or not, in all frames together."""

    def __add__(self, other: "FrameCounts") -> "FrameCounts":
        return FrameCounts(
            self.frames + other.frames,
            self.swapped + other.swapped,
            self.faces + other.faces,
            self.seen + other.seen,
        )

    def __sub__(self, other: "FrameCounts") -> "FrameCounts":
        return FrameCounts(
            self.frames - other.frames,
            self.swapped - other.swapped,
            self.faces - other.faces,
            self.seen - other.seen,
        )

    def to_dict(self) -> dict[str, int]:
        """Return the counts as JSON has them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, int]) -> "FrameCounts":
        """Return the counts that ``to_dict`` wrote."""
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a running job."""

    frames: int
    """Frames finished so far."""
    total: int | None
    """Frames of the whole job; an estimate for some videos, None if unknown."""
    swapped: int
    """Frames of those in which at least one face was replaced."""
    faces: int
    """Faces that were replaced, in all frames together."""
    elapsed_s: float
    seen: int = 0
    """Faces that were visible, replaced or not, in all frames together."""
    resumed: int = 0
    """Frames of those that were finished before this run."""
    note: str | None = None
    """A message about the start: where the job resumes, what its networks run on."""
    activity: str | None = None
    """The activity before the first frame, such as a download."""

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON has it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Progress":
        """Return the state that ``to_dict`` wrote."""
        return cls(**data)

    @property
    def counts(self) -> FrameCounts:
        """What was counted so far."""
        return FrameCounts(self.frames, self.swapped, self.faces, self.seen)

    @property
    def fps(self) -> float:
        """Frames finished per second since the start of this run."""
        return (self.frames - self.resumed) / self.elapsed_s if self.elapsed_s > 0 else 0.0


Watch = Callable[[Progress], None]
"""Called from the job's thread; must return quickly."""


class Meter:
    """Counts frames, and reports to a watcher a few times a second."""

    def __init__(
        self,
        total: int | None,
        watch: Watch | None,
        *,
        resumed: int = 0,
        note: str | None = None,
        period_s: float = 0.1,
    ) -> None:
        """Start to count.

        Args:
            total: Frames of the whole job, None if unknown.
            watch: Receives the reports.
            resumed: Frames that were finished before this run.
            note: A message about the start.
            period_s: Least time between two reports.
        """
        self.counts = FrameCounts(frames=resumed)
        """What was counted so far, the frames of earlier runs included."""
        self._total = total
        self._watch = watch
        self._resumed = resumed
        self._note = note
        self._period_s = period_s
        self._started = time.monotonic()
        self._reported = float("-inf")

    def count_frame(self, *, faces: int, seen: int) -> None:
        """Count one more finished frame.

        Args:
            faces: How many faces were replaced in it.
            seen: How many are visible.
        """
        self.add(FrameCounts(1, int(faces > 0), faces, seen))

    def add(self, counts: FrameCounts) -> None:
        """Add ``counts``, which may be negative: work can be lost."""
        self.counts += counts
        if self._watch and time.monotonic() - self._reported >= self._period_s:
            self.report()

    def note(self, note: str) -> None:
        """Report a message about the start."""
        self._note = note
        self.report()

    def report(self) -> None:
        """Report now."""
        self._reported = time.monotonic()
        if self._watch:
            self._watch(self.progress())

    def progress(self) -> Progress:
        """Return the state of the job."""
        counts = self.counts
        return Progress(
            counts.frames,
            self._total,
            counts.swapped,
            counts.faces,
            time.monotonic() - self._started,
            seen=counts.seen,
            resumed=self._resumed,
            note=self._note,
        )
