"""How far a job is, as told to whoever watches it."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A look at a running job."""

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
    """Faces that were in sight, replaced or not, in all frames together."""
    resumed: int = 0
    """Frames of those that were finished before this run."""
    note: str | None = None
    """What there is to say of the start: where it goes on, what networks run on."""
    activity: str | None = None
    """What is done before the first frame, such as a download."""

    @property
    def fps(self) -> float:
        """Frames finished per second since the start of this run."""
        return (self.frames - self.resumed) / self.elapsed_s if self.elapsed_s > 0 else 0.0


Watch = Callable[[Progress], None]
"""Called from the job's thread; must return quickly."""


class Meter:
    """Counts frames and tells a watcher a few times a second."""

    def __init__(
        self,
        total: int | None,
        watch: Watch | None,
        *,
        resumed: int = 0,
        note: str | None = None,
        period_s: float = 0.1,
    ) -> None:
        """Begin to count.

        Args:
            total: Frames of the whole job, None if unknown.
            watch: Whom to tell.
            resumed: Frames that were finished before this run.
            note: What there is to say of the start.
            period_s: Least time between two tellings.
        """
        self._watch = watch
        self._period_s = period_s
        self._started = time.monotonic()
        self._told = float("-inf")
        self._state = Progress(resumed, total, 0, 0, 0.0, resumed=resumed, note=note)

    def count(self, *, faces: int, seen: int) -> None:
        """Note one more finished frame, in which so many faces were replaced of those in sight."""
        self.add(1, int(faces > 0), faces, seen)

    def add(self, frames: int, swapped: int, faces: int, seen: int) -> None:
        """Note finished frames, of which so many with a replaced face."""
        state = self._state
        self._state = dataclasses.replace(
            state,
            frames=state.frames + frames,
            swapped=state.swapped + swapped,
            faces=state.faces + faces,
            seen=state.seen + seen,
        )
        if self._watch and time.monotonic() - self._told >= self._period_s:
            self.tell()

    def say(self, note: str) -> None:
        """Tell the watcher something of the start."""
        self._state = dataclasses.replace(self._state, note=note)
        self.tell()

    def tell(self) -> None:
        """Tell the watcher now."""
        self._told = time.monotonic()
        if self._watch:
            self._watch(self.now())

    def now(self) -> Progress:
        """Return the state of the job."""
        return dataclasses.replace(self._state, elapsed_s=time.monotonic() - self._started)
