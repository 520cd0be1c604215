"""What a live swap measures: rate, latency and dropped frames, in all and of each stage."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

_FRAMES = 300
"""Frames over which rate and times are measured."""

CAMERA, SWAP, SCREEN = "camera", "swap", "screen"
"""The stages before the sinks: a frame waits to be processed, is changed, and is screened. The
camera drops frames when processing is slower than it."""


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """One stage of a live swap, over its last 300 frames."""

    fps: float = 0.0
    """Frames per second that left it."""
    time_ms: float | None = None
    """Median time that a frame spent in it; None before the first."""
    time_p95_ms: float | None = None
    time_p99_ms: float | None = None
    dropped: int = 0
    """Frames dropped before it since the start, because newer ones had come."""


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """The state of a live swap, over its last 300 frames."""

    fps: float = 0.0
    """Frames shown per second."""
    latency_ms: float | None = None
    """Median from a frame's arrival to its showing; None before the first."""
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    shown: int = 0
    """Frames shown since the start."""
    stages: dict[str, StageStatistics] = field(default_factory=dict)
    """``camera`` (waiting to be processed), ``swap``, ``screen``, and each sink by its name."""

    @property
    def dropped(self) -> dict[str, int]:
        """Frames dropped since the start, by stage."""
        return {name: stage.dropped for name, stage in self.stages.items()}


class LiveMeter:
    """Measures a live swap; called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown = 0
        self._all = _Window()
        self._stages = {name: _Window() for name in (CAMERA, SWAP, SCREEN)}

    def count_shown(self) -> None:
        """Count a frame that goes to the sinks."""
        with self._lock:
            self._shown += 1
            self._all.times.append(time.monotonic())

    def add_latency(self, seconds: float) -> None:
        """Take the age of a frame that has just been shown."""
        with self._lock:
            self._all.seconds.append(seconds)

    def add_stage(self, stage: str) -> None:
        """List ``stage``, even if it gets nothing."""
        with self._lock:
            self._stages.setdefault(stage, _Window())

    def add_time(self, stage: str, seconds: float) -> None:
        """Take the time that a frame has spent in ``stage``, which it has just left."""
        with self._lock:
            self._stages[stage].times.append(time.monotonic())
            self._stages[stage].seconds.append(seconds)

    def drop(self, stage: str) -> None:
        """Count a frame that ``stage`` had no time for."""
        with self._lock:
            self._stages[stage].dropped += 1

    def dropped(self, stage: str) -> int:
        """Return how many frames ``stage`` had no time for."""
        with self._lock:
            return self._stages[stage].dropped

    def statistics(self) -> LiveStatistics:
        """Return what was measured so far."""
        with self._lock:
            shown, everything = self._shown, self._all.copy()
            stages = {name: stage.copy() for name, stage in self._stages.items()}
        return LiveStatistics(
            everything.fps,
            *everything.milliseconds,
            shown,
            {
                name: StageStatistics(stage.fps, *stage.milliseconds, stage.dropped)
                for name, stage in stages.items()
            },
        )


@dataclass(slots=True)
class _Window:
    """The last frames that passed one point."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    """When they did, in seconds of ``time.monotonic``."""
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    """How long they took."""
    dropped: int = 0

    def copy(self) -> "_Window":
        return _Window(self.times.copy(), self.seconds.copy(), self.dropped)

    @property
    def fps(self) -> float:
        span = self.times[-1] - self.times[0] if self.times else 0.0
        return round((len(self.times) - 1) / span, 1) if span > 0 else 0.0

    @property
    def milliseconds(self) -> tuple[float | None, float | None, float | None]:
        """Median, 95th and 99th percentile."""
        if not self.seconds:
            return (None, None, None)
        found = np.percentile(self.seconds, (50, 95, 99))
        median, p95, p99 = (round(float(value) * 1000, 1) for value in found)
        return median, p95, p99
