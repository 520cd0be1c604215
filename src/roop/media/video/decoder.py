"""Decode a video stream: skip damaged packets and give every frame a time."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Literal

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from roop.errors import MediaError
from roop.media.video.timeline import Trim
from roop.types import Warn

DAMAGED_IN_A_ROW = 100
"""Number of packets in a row that may fail before decoding ends with an error."""

MOST_THREADS = 8
"""Each decoder thread holds a frame, and more threads would outrun the encoder."""

_LIGHT = 1920 * 1088
"""Pixels up to which one thread decodes faster than frames are processed; beyond it, two do."""

_BUSY = 2
"""Number of cores that processing and encoding keep busy: with as many or fewer, a second decoder
thread is no faster and holds one more frame."""

BACKWARDS_S = 12
"""Seconds to seek back further if a seek went too far; keyframes are rarely farther apart."""

Decoding = Literal["fast", "frugal", "sparse"]
"""With all cores; with as few threads as possible, since processing the frames needs the cores; or
with all cores, but without the frames that no other depends on, which takes half the time."""

DEFAULT_RATE = Fraction(25)
"""Frame rate of a stream without one."""


_TRANSPARENT = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders of transparency, which FFmpeg's own ones for these codecs ignore."""


class Decoder:
    """Yields the frames of a stream from ``trim.start`` to ``trim.end``, in presentation order.

    Every frame has a ``duration``, and a ``pts`` above that of the frame before. No frame is held
    while the next one is decoded.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        trim: Trim,
        warn: Warn,
        *,
        decoding: Decoding,
    ) -> None:
        """Prepare to decode.

        Args:
            container: The open file.
            stream: The stream of ``container`` to decode.
            trim: The part to decode.
            warn: Called for what is lost or guessed.
            decoding: How to decode.
        """
        self.damaged = 0
        """Number of packets so far that could not be decoded."""
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
        self._context = decoding_context(stream)
        self._context.thread_type = "AUTO"
        cores = os.cpu_count() or 1
        if decoding == "sparse":
            stream.codec_context.skip_frame = "NONREF"
        if decoding == "frugal":
            heavy = stream.width * stream.height > _LIGHT
            self._context.thread_count = 2 if heavy and cores > _BUSY else 1
        else:
            # FFmpeg's default: one thread more than cores keeps all of them busy.
            self._context.thread_count = min(MOST_THREADS, cores + 1)

    @property
    def extent(self) -> tuple[Fraction, Fraction | None]:
        """(start, end) in seconds of the container's clock; the end may be unknown."""
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
        """Duration of a frame in seconds, unless the file says otherwise."""
        return self._usual_duration * self.time_base

    def restart(
        self, trim: Trim, *, sparse_before: Fraction | None = None
    ) -> Iterator[av.VideoFrame]:
        """Return the frames of another part; ``damaged`` counts from 0 again.

        Args:
            trim: The part.
            sparse_before: Before this time in seconds, only decode frames that others depend on.
        """
        self._context.flush_buffers()
        self._context.skip_frame = "DEFAULT"
        self._trim = trim
        self._sparse_before = sparse_before
        self.damaged = self._in_a_row = 0
        return iter(self)

    def release(self) -> None:
        """Release the stream and the frames that its decoder holds; ``damaged`` stays available."""
        del self._container, self._stream, self._context

    def __iter__(self) -> Iterator[av.VideoFrame]:
        last: int | None = None
        for frame in self._from_keyframe():
            self._set_time(frame, last)
            last = frame.pts or 0
            time = last * self.time_base
            if self._trim.after(time):
                return
            if not self._trim.before(time):
                yield frame
            del frame

    def _from_keyframe(self) -> Iterator[av.VideoFrame]:
        """Yield frames from the last keyframe at or before the start."""
        for target in self._seek_targets():
            self._seek(target)
            frames = self._decoded()
            first = next(frames, None)
            if target is None or (first is not None and not self._too_late(first)):
                if first is not None:
                    yield first
                del first
                yield from frames
                return
            frames.close()
            self._context.flush_buffers()

    def _seek_targets(self) -> Iterator[Fraction | None]:
        """Yield times in seconds to seek to, each for when the one before failed; None is the head.

        Formats without an index, such as MPEG-TS, may seek to a point after the keyframe.
        """
        start, head = self._trim.start, self._stream.start_time
        if start is not None and head is not None:
            for back in (0, BACKWARDS_S):
                if start - back > head * self.time_base:
                    yield start - back
        yield None

    def _seek(self, target: Fraction | None) -> None:
        """Seek to ``target``; a file that is not seekable stays at its head."""
        if self._trim.start is None:
            return
        with suppress(av.FFmpegError):
            if target is None:
                self._container.seek(0)
            else:
                self._container.seek(int(target / self.time_base), stream=self._stream)

    def _too_late(self, first: av.VideoFrame) -> bool:
        return first.pts is None or not self._trim.before((first.pts - 1) * self.time_base)

    def _decoded(self) -> Generator[av.VideoFrame]:
        for packet in self._packets():
            if self._sparse_before is not None:
                sparse = self._sparse(packet, self._sparse_before)
                self._context.skip_frame = "NONREF" if sparse else "DEFAULT"
            try:
                frames = self._context.decode(packet)
            except av.FFmpegError as error:
                self._count_damage(error)
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
        """Yield the packets, skipping what cannot be read; None flushes the decoder."""
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = Discard.all
        for _ in range(DAMAGED_IN_A_ROW):
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        yield packet
            except av.FFmpegError as error:
                self._count_damage(error)
                continue
            break
        yield None

    def _count_damage(self, error: av.FFmpegError) -> None:
        self.damaged += 1
        self._in_a_row += 1
        if self._in_a_row >= DAMAGED_IN_A_ROW:
            raise MediaError(
                f"{self._container.name}: {self._in_a_row} packets in a row cannot be decoded",
                hint="the file is damaged; use [[end]] to stop before the damaged part",
            ) from error

    def _set_time(self, frame: av.VideoFrame, last: int | None) -> None:
        """Set the time of ``frame`` if it has none, or one that is not after ``last``."""
        frame.duration = frame.duration or self._usual_duration
        if frame.pts is None:
            frame.pts = 0 if last is None else last + self._usual_duration
        elif last is not None and frame.pts <= last:
            frame.pts = last + 1


def decoding_context(stream: VideoStream) -> VideoCodecContext:
    """Return the decoder of ``stream``, or another one if only that returns its transparency."""
    name = _TRANSPARENT.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1" or name not in av.codecs_available:
        return stream.codec_context
    context = av.CodecContext.create(name, "r")
    if not isinstance(context, VideoCodecContext):
        return stream.codec_context
    context.extradata = stream.codec_context.extradata
    return context
