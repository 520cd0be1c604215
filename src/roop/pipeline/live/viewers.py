"""What happens to finished live frames: they are counted, handed to the sinks, and reported."""

import threading
import time
from collections.abc import Sequence

from roop.media.live.sink import FrameSink
from roop.pipeline.live.camera_feed import CameraFeed
from roop.pipeline.live.silence import SilenceWatch
from roop.pipeline.live.sinks import PageSink, SinkThreads
from roop.pipeline.live.statistics import CAMERA, LiveMeter
from roop.pipeline.progress import Progress, Watch
from roop.pipeline.stages.channel import StageThreads
from roop.types import AnalysedFrame

_PERIOD_S = 0.1
"""Least time between two reports."""


class LiveReport:
    """Reports notes and the progress of a live swap.

    Args:
        watch: Receives them; called from several threads.
        meter: Measures the live swap.
    """

    def __init__(self, watch: Watch | None, meter: LiveMeter) -> None:
        self.shown = self.swapped = self.faces = 0
        self.began = time.monotonic()
        self._watch = watch
        self._meter = meter
        self._lock = threading.RLock()  # the watcher may change something, which is noted
        self._reported = float("-inf")

    def count(self, faces: int) -> None:
        """Count a frame that is shown, with its replaced faces."""
        if not self.shown:
            self.began = time.monotonic()
        self.shown += 1
        self.swapped += bool(faces)
        self.faces += faces

    def note(self, note: str) -> None:
        """Report something at once."""
        self._report(note=note)

    def state(self, viewers: str) -> None:
        """Report the state, if the last report is long enough ago."""
        if time.monotonic() - self._reported < _PERIOD_S:
            return
        self._reported = time.monotonic()
        now = self._meter.statistics()
        latency = "" if now.latency_ms is None else f", {now.latency_ms:.0f} ms late"
        if now.latency_p95_ms is not None:
            latency += f" (95 %: {now.latency_p95_ms:.0f})"
        dropped = ", ".join(
            f"{count} dropped" if stage == CAMERA else f"{count} by {stage}"
            for stage, count in now.dropped.items()
            if count or stage == CAMERA
        )
        self._report(activity=f"live{latency}, {dropped}{viewers}")

    def _report(self, *, note: str | None = None, activity: str | None = None) -> None:
        if self._watch is None:
            return
        elapsed = time.monotonic() - self.began if self.shown else 0.0
        progress = Progress(
            self.shown, None, self.swapped, self.faces, elapsed, note=note, activity=activity
        )
        with self._lock:
            self._watch(progress)


class LiveViewers:
    """Takes finished frames. Implements ``LiveOutput``.

    Args:
        sinks: Get every frame.
        threads: Run the sinks.
        meter: Measures.
        report: Counts and reports.
        feed: Knows the age of a frame.
    """

    def __init__(
        self,
        sinks: Sequence[FrameSink],
        threads: StageThreads,
        meter: LiveMeter,
        report: LiveReport,
        feed: CameraFeed,
    ) -> None:
        self._sinks = SinkThreads(sinks, threads, meter)
        self._page = next((sink for sink in sinks if isinstance(sink, PageSink)), None)
        self._meter = meter
        self._report = report
        self._feed = feed
        self._ended = threading.Event()
        watch = SilenceWatch(feed.name, lambda: feed.silent_s, report.note, self._show_stall)
        threads.spawn(lambda: watch.run(threads, self._ended), "roop-silence")

    def show(self, analysed: AnalysedFrame) -> None:
        """Hand on a frame that has passed the screen."""
        self._report.count(len(analysed.faces))
        self._meter.count_shown()
        self._sinks.show(analysed.frame)
        if self._page is None:
            self._meter.add_latency(self._feed.age_s(analysed.frame))
        viewers = f", {self._page.viewers} watching" if self._page is not None else ""
        self._report.state(viewers)

    def close(self) -> None:
        """End the sinks."""
        self._ended.set()
        self._sinks.close()

    def finish(self) -> None:
        """Let sinks take what they had no time for, after the threads were cancelled."""
        self._sinks.finish()

    def _show_stall(self, text: str) -> None:
        if self._page is not None:
            self._page.show_stall(text)
