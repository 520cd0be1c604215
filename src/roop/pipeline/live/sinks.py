"""Hands finished frames to the page, the recording and other sinks, each in its own thread."""

import time
from collections.abc import Callable, Sequence

from roop.media.live.jpeg import encode_jpeg, stalled_jpeg
from roop.media.live.page import LivePage
from roop.media.live.sink import FrameSink
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.live.statistics import LiveMeter
from roop.pipeline.stages.channel import StageThreads
from roop.provenance.xmp_files import jpeg_with_xmp
from roop.types import Frame

_POLL_S = 0.05
"""Longest wait between two checks for a stop."""


class SinkThreads:
    """Gives every sink a thread and a slot for the frames that it has not taken yet.

    Args:
        sinks: They stay open until the threads have ended.
        threads: Run the sinks; an error of one stops all.
        meter: Counts what each sink has no time for.
    """

    def __init__(self, sinks: Sequence[FrameSink], threads: StageThreads, meter: LiveMeter) -> None:
        self._threads = threads
        self._slots: list[tuple[FrameSink, LatestSlot[Frame]]] = []
        for sink in sinks:
            meter.add_stage(sink.name)
            slot: LatestSlot[Frame] = LatestSlot(threads, _dropper(meter, sink.name), sink.waiting)
            self._slots.append((sink, slot))
            threads.spawn(_runner(sink, slot, threads, meter), f"roop-{sink.name}")

    def show(self, frame: Frame) -> None:
        """Hand a frame to every sink; never waits."""
        for _, slot in self._slots:
            slot.put(frame)

    def close(self) -> None:
        """Mark the end: the sinks take what waits, and end."""
        for _, slot in self._slots:
            slot.close()

    def finish(self) -> None:
        """Let sinks take what they had no time for, after the threads were cancelled."""
        for sink, slot in self._slots:
            for frame in slot.rest():
                sink.show(frame)


class PageSink:
    """Shows frames on the page. Implements ``FrameSink``.

    Args:
        page: Stays open for as long as its owner wants.
        packet: XMP data that every image of the stream carries.
        on_shown: Called with each frame that was shown.
    """

    name = "page"
    period_s: float | None = None
    waiting = 1

    def __init__(self, page: LivePage, packet: bytes, on_shown: Callable[[Frame], None]) -> None:
        self.url = page.url
        """Address of the page."""
        self._page = page
        self._packet = packet
        self._on_shown = on_shown
        self._last: Frame | None = None

    @property
    def viewers(self) -> int:
        """Number of viewers."""
        return self._page.viewers

    def show(self, frame: Frame | None) -> None:
        """Encode a frame for those who watch."""
        if frame is None:
            return
        self._last = frame
        if self._page.viewers:
            self._page.show(self._marked(encode_jpeg(frame)))
        self._on_shown(frame)

    def show_stall(self, text: str) -> None:
        """Show the last frame again, with a line that says why it does not move."""
        if self._page.viewers:
            self._page.show(self._marked(stalled_jpeg(self._last, text)))

    def _marked(self, jpeg: bytes) -> bytes:
        return jpeg_with_xmp(jpeg, lambda packet, room: self._packet)


def _dropper(meter: LiveMeter, name: str) -> Callable[[], None]:
    return lambda: meter.drop(name)


def _runner(
    sink: FrameSink, slot: LatestSlot[Frame], threads: StageThreads, meter: LiveMeter
) -> Callable[[], None]:
    """Return the work of a sink's thread."""

    def show(frame: Frame | None) -> None:
        began = time.monotonic()
        sink.show(frame)
        if frame is not None:
            meter.add_time(sink.name, time.monotonic() - began)

    def show_each() -> None:
        for frame in slot:
            show(frame)

    def show_regularly() -> None:
        due, period = time.monotonic(), sink.period_s or 0.0
        while not slot.ended:
            show(slot.take())
            due = max(due + period, time.monotonic())
            while (left := due - time.monotonic()) > 0:
                threads.check()
                time.sleep(min(left, _POLL_S))

    return show_each if sink.period_s is None else show_regularly
