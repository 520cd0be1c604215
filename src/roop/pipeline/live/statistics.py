"""What a live swap measures: rate, latency and dropped frames."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np

_FRAMES = 300
"""Frames over which rate and latency are measured."""

CAMERA = "camera"
"""The stage that drops frames when processing is slower than the camera."""


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
    dropped: dict[str, int] = field(default_factory=dict)
    """Frames dropped since the start because newer ones had come, by stage: ``camera`` (before
    processing) and the name of each sink."""

    def to_prometheus(self) -> str:
        """Return the text format of Prometheus."""
        lines = [
            *("# TYPE roop_live_frames_total counter", f"roop_live_frames_total {self.shown}"),
            *("# TYPE roop_live_fps gauge", f"roop_live_fps {self.fps:g}"),
            "# TYPE roop_live_dropped_frames_total counter",
        ]
        lines += [
            f'roop_live_dropped_frames_total{{stage="{stage}"}} {count}'
            for stage, count in sorted(self.dropped.items())
        ]
        quantiles = {
            "0.5": self.latency_ms,
            "0.95": self.latency_p95_ms,
            "0.99": self.latency_p99_ms,
        }
        lines.append("# TYPE roop_live_latency_seconds gauge")
        lines += [
            f'roop_live_latency_seconds{{quantile="{quantile}"}} {value / 1000:g}'
            for quantile, value in quantiles.items()
            if value is not None
        ]
        return "\n".join(lines) + "\n"


class LiveMeter:
    """Measures a live swap; called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=_FRAMES)
        self._times: deque[float] = deque(maxlen=_FRAMES)
        self._dropped: Counter[str] = Counter({CAMERA: 0})
        self._shown = 0

    def count_shown(self) -> None:
        """Count a frame that goes to the sinks."""
        with self._lock:
            self._shown += 1
            self._times.append(time.monotonic())

    def add_latency(self, seconds: float) -> None:
        """Take the age of a frame that has just been shown."""
        with self._lock:
            self._latencies.append(seconds)

    def add_stage(self, stage: str) -> None:
        """List ``stage``, even if it drops nothing."""
        with self._lock:
            self._dropped[stage] += 0

    def drop(self, stage: str) -> None:
        """Count a frame that ``stage`` had no time for."""
        with self._lock:
            self._dropped[stage] += 1

    def dropped(self, stage: str) -> int:
        """Return how many frames ``stage`` had no time for."""
        with self._lock:
            return self._dropped[stage]

    def statistics(self) -> LiveStatistics:
        """Return what was measured so far."""
        with self._lock:
            latencies, times = list(self._latencies), list(self._times)
            shown, dropped = self._shown, dict(self._dropped)
        span = times[-1] - times[0] if times else 0.0
        middle, p95, p99 = (
            (round(float(value) * 1000, 1) for value in np.percentile(latencies, (50, 95, 99)))
            if latencies
            else (None, None, None)
        )
        return LiveStatistics(
            fps=round((len(times) - 1) / span, 1) if span > 0 else 0.0,
            latency_ms=middle,
            latency_p95_ms=p95,
            latency_p99_ms=p99,
            shown=shown,
            dropped=dropped,
        )
