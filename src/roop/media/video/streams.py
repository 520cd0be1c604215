"""Brings everything of the target except its pictures into the output."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.subtitles.stream import SubtitleStream

from roop.media.video.opening import is_cover, open_target
from roop.media.video.reader import VideoReader
from roop.media.video.tags import MOV_FAMILY, stream_tags
from roop.media.video.transcoders import (
    AUDIO_CODECS,
    TEXT_CODECS,
    AudioTranscoder,
    SubtitleTranscoder,
    Transcoder,
)
from roop.types import Warn

COVER_FORMATS = frozenset({"mp4", "mov", "ipod", "matroska"})
"""Containers with a place for a cover picture."""

COVER_NAMES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
"""What Matroska calls a cover, by codec."""

EMPTY_TEXT = bytes(2)
"""A text of MP4 subtitles whose length is 0."""

SLACK = Fraction(10)
"""Seconds by which a container's streams may lie apart in the file."""


@dataclass(slots=True)
class Route:
    """The way of one stream from the target to the output."""

    stream: Stream
    """The output's."""
    transcoder: Transcoder | None = None
    last_dts: int | None = None
    """Of the packet before, in the target's time base."""


class OtherStreams:
    """Sound, subtitles, covers, attachments and data of a target.

    They are read from ``source``, the target opened a second time, in step with the encoded
    video, so that memory stays bounded.
    """

    def __init__(
        self, reader: VideoReader, source: InputContainer, output: OutputContainer, warn: Warn
    ) -> None:
        self._path = reader.info.path
        self._source = source
        self._output = output
        self._trim = reader.trim
        self._shift = reader.shift
        # Other containers would move every stream by what the decoder is to throw away.
        self._edits = output.format.name in MOV_FAMILY
        self._warn = warn
        self._routes: dict[int, Route] = {}
        self._packets = self._read()
        self._next: Packet[Stream] | None = None

    def add(self, stream: Stream) -> None:
        """Make a place in the output for ``stream`` of ``source``; warn if there is none."""
        if is_cover(stream):
            self._add_cover(stream)
        elif stream.type == "data" and _belongs_to_muxer(stream, self._source):
            return
        elif self._accepted(stream):
            self._copy(stream)
        elif isinstance(stream, AudioStream):
            self._transcode_sound(stream)
        elif isinstance(stream, SubtitleStream):
            self._transcode_text(stream)
        else:
            self._leave_out(stream)

    def up_to(self, time: Fraction | None) -> None:
        """Write the packets up to ``time`` in seconds of the output; all with None."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            packet = self._next
            if packet is None:
                return
            if time is not None and _time(packet) > time + self._shift:
                return
            self._next = None
            self._write(packet)

    def finish(self) -> None:
        """Write what is left of every stream."""
        self.up_to(None)
        for route in self._routes.values():
            if route.transcoder is not None:
                self._mux(route, route.transcoder.flush())

    def _read(self) -> Iterator[Packet[Stream]]:
        wanted = [stream for stream in self._source.streams if stream.index in self._routes]
        for stream in self._source.streams:
            if stream.index not in self._routes:
                stream.discard = Discard.all
        if not wanted:
            return
        if self._trim.start is not None:
            with suppress(av.FFmpegError):
                self._source.seek(int((self._trim.start - SLACK) * av.time_base))
        try:
            for packet in self._source.demux(wanted):
                if self._trim.after(_time(packet) - SLACK):
                    return
                if packet.size and (_timed(packet) or is_cover(packet.stream)):
                    yield packet
        except av.FFmpegError:
            self._warn("the target is damaged; its sound or subtitles end early")

    def _write(self, packet: Packet[Stream]) -> None:
        route = self._routes[packet.stream_index]
        if is_cover(packet.stream):
            packet.pts = packet.dts = 0
        elif _is_pause(packet) or not self._moved(packet, route):
            return
        if route.transcoder is not None:
            self._mux(route, route.transcoder.packets(packet))
        else:
            self._mux(route, iter((packet,)))

    def _moved(self, packet: Packet[Stream], route: Route) -> bool:
        """Put ``packet`` on the output's clock; False if it was cut away."""
        if self._trim.after(_time(packet)):
            return False
        if self._trim.before(_time(packet)) and not self._reaches_in(packet):
            return False
        ticks = round(self._shift / packet.time_base)
        pts = packet.dts if packet.pts is None else packet.pts
        dts = packet.pts if packet.dts is None else packet.dts
        if pts is None or dts is None:
            return False
        pts, dts = pts - ticks, dts - ticks
        if dts < 0 and not self._edits:
            if packet.is_discard:
                return False
            if dts + (packet.duration or 0) > 0:
                pts, dts = max(pts, 0), 0
        if self._trim.active:
            pts, dts = max(pts, 0), max(dts, 0)
        if route.last_dts is not None and dts <= route.last_dts:
            dts = route.last_dts + 1
        packet.pts, packet.dts = max(pts, dts), dts
        route.last_dts = dts
        return True

    def _reaches_in(self, packet: Packet[Stream]) -> bool:
        """Shorten a subtitle that is on screen when the trimmed stretch begins."""
        end = _time(packet) + (packet.duration or 0) * packet.time_base
        if packet.stream.type != "subtitle" or self._trim.before(end):
            return False
        packet.duration = round((end - self._shift) / packet.time_base)
        return packet.duration > 0

    def _mux(self, route: Route, packets: Iterator[Packet[Stream]]) -> None:
        for packet in packets:
            packet.stream = route.stream
            self._output.mux_one(packet)

    def _copy(self, stream: Stream) -> None:
        added = self._output.add_stream_from_template(stream, opaque=True)
        self._take(stream, Route(added), encoded=False)

    def _take(self, stream: Stream, route: Route, *, encoded: bool) -> None:
        route.stream.metadata.clear()
        route.stream.metadata.update(stream_tags(stream.metadata, encoded=encoded))
        route.stream.disposition = stream.disposition
        if stream.type != "attachment":
            self._routes[stream.index] = route

    def _accepted(self, stream: Stream) -> bool:
        """Return True if the container takes ``stream`` as it is: by trying."""
        trial = av.open(io.BytesIO(), "w", format=self._output.format.name)
        try:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
        except (av.FFmpegError, ValueError):
            return False
        trial.close()
        return True

    def _add_cover(self, stream: Stream) -> None:
        container = self._output.format.name
        name, kind = COVER_NAMES.get(stream.codec_context.name, (None, None))
        if container not in COVER_FORMATS:
            self._leave_out(stream)
        elif container != "matroska":
            self._copy(stream)
        elif name is not None and kind is not None:
            # FFmpeg's Matroska muxer would make a cover stream a track of its own.
            with open_target(self._path) as again:
                picture = next(iter(again.demux(again.streams[stream.index])))
                self._output.add_attachment(name, kind, bytes(picture))

    def _transcode_sound(self, stream: AudioStream) -> None:
        codec = self._first_held(AUDIO_CODECS)
        if codec is None or stream.codec_context is None:
            self._leave_out(stream)
            return
        self._changed(stream, codec)
        transcoder = AudioTranscoder(self._output, stream, codec)
        self._take(stream, Route(transcoder.stream, transcoder), encoded=True)

    def _transcode_text(self, stream: SubtitleStream) -> None:
        codec = self._first_held(TEXT_CODECS)
        if codec is None or stream.codec_context is None or not stream.codec_context.codec.text_sub:
            self._leave_out(stream)
            return
        self._changed(stream, codec)
        transcoder = SubtitleTranscoder(self._output, stream, codec)
        self._take(stream, Route(transcoder.stream, transcoder), encoded=True)

    def _first_held(self, codecs: tuple[str, ...]) -> str | None:
        held = self._output.supported_codecs
        return next((codec for codec in codecs if codec in held), None)

    def _changed(self, stream: Stream, codec: str) -> None:
        self._warn(
            f"{_kind(stream)} {stream.index} is converted from {_codec(stream)} to "
            f"{codec.removeprefix('lib')}: {self._output.format.name} files cannot hold it"
        )

    def _leave_out(self, stream: Stream) -> None:
        self._warn(
            f"{_kind(stream)} {stream.index} ({_codec(stream)}) is left out: "
            f"{self._output.format.name} files cannot hold it"
        )


def _time(packet: Packet[Stream]) -> Fraction:
    """Return the second of the target's clock at which ``packet`` is decoded."""
    ticks = packet.pts if packet.dts is None else packet.dts
    return (ticks or 0) * packet.time_base


def _timed(packet: Packet[Stream]) -> bool:
    return packet.pts is not None or packet.dts is not None


def _is_pause(packet: Packet[Stream]) -> bool:
    """Return True for the empty texts between subtitles; the MP4 muxer makes its own."""
    return (
        packet.size == len(EMPTY_TEXT)
        and packet.stream.type == "subtitle"
        and bytes(packet) == EMPTY_TEXT
        and packet.stream.codec_context.name == "mov_text"
    )


def _belongs_to_muxer(stream: Stream, source: InputContainer) -> bool:
    """Return True for the tracks that a MOV muxer makes of chapters and time codes by itself."""
    of_chapters = bool(source.chapters()) and getattr(stream, "name", None) == "bin_data"
    return "timecode" in stream.metadata or of_chapters


def _codec(stream: Stream) -> str:
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return getattr(stream, "name", None) or "unknown codec"


def _kind(stream: Stream) -> str:
    names = {"audio": "sound", "subtitle": "subtitles", "video": "picture"}
    return f"{names.get(stream.type, stream.type)} stream"
