"""How far a job is, as told to whoever watches it."""

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
    elapsed_s: float

    @property
    def fps(self) -> float:
        """Frames finished per second since the start."""
        return self.frames / self.elapsed_s if self.elapsed_s > 0 else 0.0


Watch = Callable[[Progress], None]
"""Called from the job's thread; must return quickly."""


class Meter:
    """Counts frames and tells a watcher a few times a second."""

    def __init__(self, total: int | None, watch: Watch | None, *, period_s: float = 0.1) -> None:
        self._total = total
        self._watch = watch
        self._period_s = period_s
        self._started = time.monotonic()
        self._told = float("-inf")
        self.frames = 0
        self.swapped = 0
        self.faces = 0

    def count(self, *, faces: int) -> None:
        """Note one more finished frame, in which so many faces were replaced."""
        self.frames += 1
        self.swapped += faces > 0
        self.faces += faces
        if self._watch and time.monotonic() - self._told >= self._period_s:
            self.tell()

    def tell(self) -> None:
        """Tell the watcher now."""
        self._told = time.monotonic()
        if self._watch:
            self._watch(self.now())

    def now(self) -> Progress:
        """Return the state of the job."""
        elapsed_s = time.monotonic() - self._started
        return Progress(self.frames, self._total, self.swapped, elapsed_s)
