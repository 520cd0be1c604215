"""The output of a video: encoded frames, and every other stream of the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream
from typing_extensions import override

from roop.context_managers import Transaction
from roop.media.files.output_file import OutputFile
from roop.media.video.containers import container_of
from roop.media.video.encoder import VideoEncoder
from roop.media.video.errors import muxing
from roop.media.video.matroska import FORMATS, count_duration_as
from roop.media.video.opening import open_target
from roop.media.video.read_back import Descriptions
from roop.media.video.reader import VideoReader
from roop.media.video.streams import OtherStreams
from roop.media.video.tags import MOV_FAMILY, chapters, file_tags, needs_key_table, with_comment
from roop.options import VideoOptions
from roop.types import Warn

FINE_CLOCK = 90_000
"""Ticks per second of an MP4's clock, at least."""

FINEST_CLOCK = 1 << 24
"""Ticks per second of an MP4's clock, at most."""


LONGEST_LAST = Fraction(5)
"""Seconds by which a header may extend the last frame: more is the sign of a file cut short."""


class VideoOutput(Transaction):
    """Takes the packets of the video and adds everything else of the target.

    Leaving the context without an error completes the file and gives it its final name; leaving it
    with an error removes what was written.
    """

    def __init__(
        self, file: OutputFile, reader: VideoReader, video: VideoOptions, *, note: str, warn: Warn
    ) -> None:
        """Open the container and the encoder.

        Args:
            file: The file to write; its suffix selects the container.
            reader: The target.
            video: Encoder, preset, quality, sound.
            note: Appended to the comment of the target.
            warn: Called for what cannot be kept.

        Raises:
            UsageError: Container, encoder and preset do not go together.
            MediaError: The output cannot be written.
        """
        self._file = file
        self._reader = reader
        self._warn = warn
        self._lengths = _PacketLengths(reader)
        self._held: list[Packet[VideoStream] | Packet[Stream]] = []
        self._opened: list[OutputContainer | InputContainer] = []
        try:
            with muxing(file.path, file.part):
                self._open(video, note)
        except BaseException:
            self.discard()
            raise

    def mux(self, packets: Iterable[Packet[VideoStream] | Packet[Stream]]) -> None:
        """Write packets of the video, and those of other streams up to the same time.

        Raises:
            DiskFullError: The disk is full.
            MediaError: FFmpeg reports an error.
        """
        with muxing(self._file.path, self._file.part):
            for packet in packets:
                if self._lengths.add(packet):
                    self._write_held()
                self._held.append(packet)

    def _write_held(self) -> None:
        """Write the packets from the last frame shown on, whose length may still change."""
        for packet in self._held:
            if packet.dts is not None:
                self._others.write_until(packet.dts * packet.time_base)
            self._container.mux_one(packet)
        self._held.clear()

    def warn_of(self, left_out: int) -> None:
        """Warn if frames were left out because the container has a constant frame rate."""
        if left_out:
            name = self._container.format.name
            self._warn(f"{left_out} frames are left out: {name} files have a constant frame rate")

    @override
    def commit(self) -> None:
        with muxing(self._file.path, self._file.part):
            self._lengths.complete(self._held, self._container.format.name)
            self._write_held()
            self._others.finish()
            form, names = self._container.format.name, self._others.names
            names = {self.encoder.stream.index: "the video", **names}
            told = Descriptions.of(self._container, names)
            self._container.close()
            if form in FORMATS and self._length_us:
                count_duration_as(self._file.part, self._length_us)
            if lost := told.lost_in(self._file.part):
                self._warn(f"{form} files cannot hold these and leave them out: {', '.join(lost)}")
        # An encoder holds up to hundreds of megabytes: free them before the file is signed.
        self._opened.clear()
        del self.encoder, self._others, self._container
        self._file.commit()

    @override
    def discard(self) -> None:
        """Remove what was written; do nothing after a commit."""
        # Removed first, so that closing does not spend time on completing the file.
        self._file.discard()
        for container in self._opened:
            with suppress(av.FFmpegError, OSError, ValueError):
                container.close()
        self._file.discard()

    def _open(self, video: VideoOptions, note: str) -> None:
        reader = self._reader
        form = container_of(self._file.path)
        source = open_target(reader.info.path)
        self._length_us = 0 if reader.trim.active else source.duration or 0
        self._opened.append(source)
        self._container = av.open(
            str(self._file.part),
            "w",
            format=form,
            container_options=_muxer_options(form, source, reader.time_base),
        )
        self._opened.append(self._container)
        self._container.metadata.update(with_comment(file_tags(source.metadata), note))
        self._container.set_chapters(chapters(source, reader.trim, reader.shift))
        self._others = OtherStreams(reader, source, self._container, self._warn)
        for stream in source.streams:
            if stream.index == reader.stream.index:
                self.encoder = VideoEncoder(self._container, reader, video, self._warn)
            elif not (video.skip_audio and stream.type == "audio"):
                self._others.add(stream)


class _PacketLengths:
    """Sees to it that the output shows its last frame as long as the target does.

    An MP4 file has durations in decoding order: with B-frames, that of the last frame shown is lost
    both in a target, whose header still has the sum, and in an output, unless its last packet makes
    up for it.
    """

    def __init__(self, reader: VideoReader) -> None:
        self._reader_end = reader.end_s
        self._first_pts = self._first_dts = self._last_pts = self._end = 0
        self._any = False

    def add(self, packet: Packet[VideoStream] | Packet[Stream]) -> bool:
        """Note the next packet in decoding order; True if its frame is shown after all others."""
        if packet.pts is None or packet.dts is None:
            return True
        if not self._any:
            self._first_pts, self._first_dts, self._any = packet.pts, packet.dts, True
            self._last_pts = packet.pts - 1
        self._first_pts = min(self._first_pts, packet.pts)
        self._end = max(self._end, packet.pts + (packet.duration or 0))
        latest = packet.pts > self._last_pts
        self._last_pts = max(self._last_pts, packet.pts)
        return latest

    def complete(self, held: Sequence[Packet[VideoStream] | Packet[Stream]], form: str) -> None:
        """Set the durations of the last frame shown and, in MP4, of the last packet.

        Args:
            held: The packets from the last frame shown on, in decoding order.
            form: FFmpeg's name of the container.
        """
        if not held or held[0].pts is None or held[-1].dts is None:
            return
        end, unit = self._end, held[0].time_base
        if self._reader_end is not None:
            promised = round(self._reader_end / unit)
            end = promised if end < promised <= end + LONGEST_LAST / unit else end
        held[0].duration = max(held[0].duration or 0, end - held[0].pts)
        if form in MOV_FAMILY:
            span = (end - self._first_pts) - (held[-1].dts - self._first_dts)
            held[-1].duration = max(held[-1].duration or 0, span)


def _muxer_options(container: str, source: InputContainer, time_base: Fraction) -> dict[str, str]:
    """Return the muxer options that keep tags and the exact start of every stream."""
    if container not in MOV_FAMILY:
        return {}
    flags = "+faststart"
    if needs_key_table(file_tags(source.metadata)):
        flags += "+use_metadata_tags"
    # The start of each stream is counted in this clock; FFmpeg's default is milliseconds.
    ticks = time_base.denominator
    ticks *= -(-FINE_CLOCK // ticks)
    return {"movflags": flags, "movie_timescale": str(min(ticks, FINEST_CLOCK))}
