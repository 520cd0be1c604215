"""Decodes one video stream, skips what is damaged, and gives every frame a time."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from roop.errors import MediaError
from roop.media.video.timeline import Trim
from roop.types import Warn

DAMAGED_IN_A_ROW = 100
"""Packets that may fail one after another before the video counts as unreadable."""

MOST_THREADS = 8
"""Each decoder thread holds a frame; more are no faster than the encoder behind them."""

_LIGHT = 1920 * 1088
"""Pixels up to which one thread, beyond which two decode faster than a frame is worked on."""

_BUSY = 2
"""Cores up to which the work on the frames and the encoder leave none idle: another thread would
decode no faster then, and hold a frame more."""

BACKWARDS_S = 12
"""Seconds to go back when a place was missed; keyframes rarely lie farther apart."""

DEFAULT_RATE = Fraction(25)
"""Frame rate of a stream that says nothing about time."""


class Decoder:
    """The frames of a stream from ``trim.start`` to ``trim.end``, in presentation order.

    Every frame has a ``pts`` above that of the one before, and a ``duration``. None is held here
    while the next is decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        trim: Trim,
        warn: Warn,
        *,
        beside_work: bool,
    ) -> None:
        """Prepare to decode.

        Args:
            container: Where the packets come from.
            stream: Whose frames.
            trim: The part to decode.
            warn: Hears of what is lost or guessed.
            beside_work: True if the frames' work needs the cores: decoding is then as cheap as
                possible, else as fast.
        """
        self.damaged = 0
        """Packets that could not be decoded so far."""
        self.time_base = stream.time_base or Fraction(1, av.time_base)
        """Seconds per tick of the frames."""
        self._container = container
        self._stream = stream
        self._trim = trim
        self._sparse_before: Fraction | None = None
        self._warn = warn
        self._in_a_row = 0
        rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
        self._usual_duration = max(1, round(1 / (rate * self.time_base)))
        stream.thread_type = "AUTO"
        cores = os.cpu_count() or 1
        if beside_work:
            heavy = stream.width * stream.height > _LIGHT
            stream.thread_count = 2 if heavy and cores > _BUSY else 1
        else:
            # One more than cores keeps all of them busy, as FFmpeg itself has it.
            stream.thread_count = min(MOST_THREADS, cores + 1)

    @property
    def extent(self) -> tuple[Fraction, Fraction | None]:
        """(first, last) second of the stream on the container's clock; the last may be unknown."""
        stream, container = self._stream, self._container
        begin = (stream.start_time or 0) * self.time_base
        if stream.duration:
            return begin, begin + stream.duration * self.time_base
        if container.duration:
            start = Fraction(container.start_time or 0, av.time_base)
            return begin, start + Fraction(container.duration, av.time_base)
        return begin, None

    @property
    def usual_duration_s(self) -> Fraction:
        """Seconds that a frame is shown, if the file does not say otherwise."""
        return self._usual_duration * self.time_base

    def again(
        self, trim: Trim, *, sparse_before: Fraction | None = None
    ) -> Iterator[av.VideoFrame]:
        """Return the frames of another stretch; what was read before no longer counts.

        Args:
            trim: The stretch.
            sparse_before: Until this second frames are left out that no other frame depends on.
        """
        self._stream.codec_context.flush_buffers()
        self._stream.codec_context.skip_frame = "DEFAULT"
        self._trim = trim
        self._sparse_before = sparse_before
        self.damaged = self._in_a_row = 0
        return iter(self)

    def let_go(self) -> None:
        """Drop the stream, with the frames that its decoder holds; what was counted stays known."""
        del self._container, self._stream

    def __iter__(self) -> Iterator[av.VideoFrame]:
        last: int | None = None
        for frame in self._from_start():
            self._time(frame, last)
            last = frame.pts or 0
            moment = last * self.time_base
            if self._trim.after(moment):
                return
            if not self._trim.before(moment):
                yield frame
            del frame

    def _from_start(self) -> Iterator[av.VideoFrame]:
        """Yield frames from the last keyframe that does not lie behind the start."""
        for place in self._places():
            self._seek(place)
            frames = self._decoded()
            first = next(frames, None)
            if place is None or (first is not None and not self._too_late(first)):
                if first is not None:
                    yield first
                del first
                yield from frames
                return
            frames.close()
            self._stream.codec_context.flush_buffers()

    def _places(self) -> Iterator[Fraction | None]:
        """Yield seconds to go to, one after another, None for the head of the file.

        MPEG-TS and its like have no index: their demuxers may stop behind the last keyframe.
        """
        start, head = self._trim.start, self._stream.start_time
        if start is not None and head is not None:
            for back in (0, BACKWARDS_S):
                if start - back > head * self.time_base:
                    yield start - back
        yield None

    def _seek(self, place: Fraction | None) -> None:
        """Go to ``place``; a file that cannot be sought is where it was: at its head."""
        if self._trim.start is None:
            return
        with suppress(av.FFmpegError):
            if place is None:
                self._container.seek(0)
            else:
                self._container.seek(int(place / self.time_base), stream=self._stream)

    def _too_late(self, first: av.VideoFrame) -> bool:
        return first.pts is None or not self._trim.before((first.pts - 1) * self.time_base)

    def _decoded(self) -> Generator[av.VideoFrame]:
        for packet in self._packets():
            if self._sparse_before is not None:
                sparse = self._sparse(packet, self._sparse_before)
                self._stream.codec_context.skip_frame = "NONREF" if sparse else "DEFAULT"
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError as error:
                self._count(error)
                continue
            if frames:
                self._in_a_row = 0
            while frames:
                yield frames.pop(0)

    def _sparse(self, packet: Packet[VideoStream] | None, before: Fraction) -> bool:
        return (
            packet is not None and packet.pts is not None and packet.pts * self.time_base < before
        )

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Yield the packets, going on behind places that cannot be read; None flushes."""
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = Discard.all
        for _ in range(DAMAGED_IN_A_ROW):
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        yield packet
            except av.FFmpegError as error:
                self._count(error)
                continue
            break
        yield None

    def _count(self, error: av.FFmpegError) -> None:
        self.damaged += 1
        self._in_a_row += 1
        if self._in_a_row >= DAMAGED_IN_A_ROW:
            raise MediaError(
                f"{self._container.name}: {self._in_a_row} packets in a row cannot be decoded",
                hint="the file is damaged; [[end]] can stop before the damaged part",
            ) from error

    def _time(self, frame: av.VideoFrame, last: int | None) -> None:
        """Give ``frame`` a time after ``last`` if the file gave it none, or one that is not."""
        frame.duration = frame.duration or self._usual_duration
        if frame.pts is None:
            frame.pts = 0 if last is None else last + self._usual_duration
        elif last is not None and frame.pts <= last:
            frame.pts = last + 1
