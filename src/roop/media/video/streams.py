"""Copy or transcode the sound, text, fonts and data of the target; leave out all other pictures."""

from __future__ import annotations

import io
import re
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

from roop.media.formats.embedded import holds_picture
from roop.media.video.amr import single_frames
from roop.media.video.containers import IN_TRANSPORT_STREAMS, UNDECLARED
from roop.media.video.opening import is_cover
from roop.media.video.reader import VideoReader
from roop.media.video.tags import MOV_FAMILY, stream_tags
from roop.media.video.transcoders import (
    AUDIO_CODECS,
    TEXT_CODECS,
    AudioTranscoder,
    SubtitleTranscoder,
    Transcoder,
    sound_form,
)
from roop.types import Warn

FONTS = ("font", "opentype", "truetype")
"""Words in the MIME types of the attachments that subtitles need."""

ID3 = frozenset({"timed_id3"})
"""Codecs of data streams that may hold covers."""

_DRAWING = re.compile(rb"\{[^}]*\\(?:p\s*[1-9]|i?clip\s*\([^)]*\bm\b)", re.IGNORECASE)
"""What in a subtitle draws shapes, or cuts them out (Advanced SubStation Alpha)."""

EMPTY_TEXT = bytes(2)
"""An MP4 subtitle with a text of length 0."""

_REFUSALS = (
    av.error.ArgumentError,
    av.error.InvalidDataError,
    av.error.PatchWelcomeError,
    av.error.PermissionError,
)
"""How muxers refuse a packet; the last stands for errors to which they give no name."""

SLACK = Fraction(10)
"""Seconds by which the interleaving of a file may be off."""


@dataclass(slots=True)
class Route:
    """How one stream gets from the target to the output."""

    stream: Stream
    """The stream of the output."""
    transcoder: Transcoder | None = None
    damaged: bool = False
    """True after a packet was left out."""
    draws: bool = False
    """True after a drawing was left out."""
    last_dts: int | None = None
    """Decoding time of the packet before, in ticks of the target."""


class OtherStreams:
    """Sound, subtitles, fonts and data of a target.

    Other videos, covers, attached pictures and subtitles that are pictures are left out: the frames
    of one video are screened and marked, and nothing else that can be looked at.

    They are read from ``source``, the target opened a second time, as far as the video is encoded,
    so that memory stays bounded.
    """

    def __init__(
        self, reader: VideoReader, source: InputContainer, output: OutputContainer, warn: Warn
    ) -> None:
        self._source = source
        self._output = output
        self._trim = reader.trim
        self._shift = reader.shift
        # Other containers would delay every stream by what decoders have to discard.
        self._has_edit_lists = output.format.name in MOV_FAMILY
        self._warn = warn
        self._routes: dict[int, Route] = {}
        self._names: dict[int, str] = {}
        self._packets = self._read()
        self._next: Packet[Stream] | None = None

    @property
    def names(self) -> dict[int, str]:
        """The streams of the output in words, by their numbers in it."""
        return dict(self._names)

    def add(self, stream: Stream) -> None:
        """Add ``stream`` of ``source`` to the output; warn if the container cannot hold it."""
        if _is_pictorial(stream):
            self._leave_out_picture(stream)
        elif stream.type == "data" and _belongs_to_muxer(stream, self._source):
            return
        elif self._fits(stream):
            self._copy(stream)
        elif isinstance(stream, AudioStream):
            self._transcode_sound(stream)
        elif isinstance(stream, SubtitleStream):
            self._transcode_text(stream)
        else:
            self._leave_out(stream)

    def write_until(self, time: Fraction | None) -> None:
        """Write the packets up to ``time`` in seconds of the output; all of them with None."""
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
        """Write the rest of every stream."""
        self.write_until(None)
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
                if packet.size and _has_time(packet):
                    yield packet
        except av.FFmpegError:
            self._warn("the target is damaged; its sound or subtitles end early")

    def _write(self, packet: Packet[Stream]) -> None:
        route = self._routes[packet.stream_index]
        if _is_empty_text(packet) or not self._retime(packet, route):
            return
        if packet.stream.type == "subtitle" and _DRAWING.search(bytes(packet)):
            self._warn_of_drawings(route)
            return
        if route.transcoder is not None:
            self._mux(route, route.transcoder.packets(packet))
        else:
            self._mux(route, single_frames(packet))

    def _retime(self, packet: Packet[Stream], route: Route) -> bool:
        """Convert the times of ``packet`` to the output's clock; False if it is cut away."""
        if self._trim.after(_time(packet)):
            return False
        if self._trim.before(_time(packet)) and not self._shorten_subtitle(packet):
            return False
        ticks = round(self._shift / packet.time_base)
        pts = packet.dts if packet.pts is None else packet.pts
        dts = packet.pts if packet.dts is None else packet.dts
        if pts is None or dts is None:
            return False
        pts, dts = pts - ticks, dts - ticks
        if dts < 0 and not self._has_edit_lists:
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

    def _shorten_subtitle(self, packet: Packet[Stream]) -> bool:
        """Shorten a subtitle that is visible at the start of the trim; False for other packets."""
        end = _time(packet) + (packet.duration or 0) * packet.time_base
        if packet.stream.type != "subtitle" or self._trim.before(end):
            return False
        packet.duration = round((end - self._shift) / packet.time_base)
        return packet.duration > 0

    def _mux(self, route: Route, packets: Iterator[Packet[Stream]]) -> None:
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                packet.stream = route.stream
                self._output.mux_one(packet)
            except _REFUSALS:
                # A packet that no container takes must not end a job of hours.
                self._warn_of_damage(route)

    def _warn_of_damage(self, route: Route) -> None:
        if not route.damaged:
            route.damaged = True
            name = f"{_kind(route.stream)} {route.stream.index}"
            self._warn(f"{name} is damaged: parts of it are left out")

    def _warn_of_drawings(self, route: Route) -> None:
        if not route.draws:
            route.draws = True
            self._warn(
                f"{_kind(route.stream)} {route.stream.index} draws shapes: they are left out, as "
                "they would be neither screened nor marked"
            )

    def _copy(self, stream: Stream) -> None:
        added = self._output.add_stream_from_template(stream, opaque=True)
        self._add_route(stream, Route(added), encoded=False)

    def _add_route(self, stream: Stream, route: Route, *, encoded: bool) -> None:
        route.stream.metadata.clear()
        route.stream.metadata.update(stream_tags(stream.metadata, encoded=encoded))
        route.stream.disposition = stream.disposition
        self._names[route.stream.index] = f"{_kind(stream)} {stream.index}"
        if stream.type != "attachment":
            self._routes[stream.index] = route

    def _fits(self, stream: Stream) -> bool:
        """Return True if the container takes ``stream`` as it is, by trying."""
        if self._output.format.name in UNDECLARED:
            return stream.type == "video" or _codec(stream) in IN_TRANSPORT_STREAMS
        trial_file = io.BytesIO()
        trial = av.open(trial_file, "w", format=self._output.format.name)
        try:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
        except (av.FFmpegError, ValueError):
            return False
        trial.close()
        return stream.type != "data" or _reads_back(trial_file, stream)

    def _transcode_sound(self, stream: AudioStream) -> None:
        codec = None
        if stream.codec_context is not None:
            known = tuple(name for name in AUDIO_CODECS if sound_form(stream, name) is not None)
            codec = self._first_supported(known)
        if codec is None:
            self._leave_out(stream)
            return
        self._warn_of_transcoding(stream, codec)
        transcoder = AudioTranscoder(self._output, stream, codec)
        self._add_route(stream, Route(transcoder.stream, transcoder), encoded=True)

    def _transcode_text(self, stream: SubtitleStream) -> None:
        codec = self._first_supported(TEXT_CODECS)
        if codec is None or stream.codec_context is None or not stream.codec_context.codec.text_sub:
            self._leave_out(stream)
            return
        self._warn_of_transcoding(stream, codec)
        transcoder = SubtitleTranscoder(self._output, stream, codec)
        self._add_route(stream, Route(transcoder.stream, transcoder), encoded=True)

    def _first_supported(self, codecs: tuple[str, ...]) -> str | None:
        undeclared = self._output.format.name in UNDECLARED
        supported = {"aac"} if undeclared else self._output.supported_codecs
        return next((codec for codec in codecs if codec in supported), None)

    def _warn_of_transcoding(self, stream: Stream, codec: str) -> None:
        self._warn(
            f"{_kind(stream)} {stream.index} is transcoded from {_codec(stream)} to "
            f"{codec.removeprefix('lib')}: {self._output.format.name} files cannot hold it"
        )

    def _leave_out_picture(self, stream: Stream) -> None:
        what = "the cover" if is_cover(stream) else f"{_kind(stream)} {stream.index}"
        if stream.codec_context is None and stream.type == "subtitle":
            self._warn(f"{what} ({_codec(stream)}) is left out: it cannot be told from pictures")
            return
        self._warn(
            f"{what} ({_codec(stream)}) is left out: it would be neither screened nor marked"
        )

    def _leave_out(self, stream: Stream) -> None:
        self._warn(
            f"{_kind(stream)} {stream.index} ({_codec(stream)}) is left out: "
            f"{self._output.format.name} files cannot hold it"
        )


def _reads_back(file: io.BytesIO, stream: Stream) -> bool:
    """Return True if the one stream of ``file`` is known as what ``stream`` is."""
    file.seek(0)
    try:
        with av.open(file) as again:
            found = again.streams[0]
            return (found.type, _codec(found)) == (stream.type, _codec(stream))
    except (av.FFmpegError, ValueError, IndexError):
        return False


def _time(packet: Packet[Stream]) -> Fraction:
    """Return the decoding time of ``packet`` in seconds of the target's clock."""
    ticks = packet.pts if packet.dts is None else packet.dts
    return (ticks or 0) * packet.time_base


def _has_time(packet: Packet[Stream]) -> bool:
    return packet.pts is not None or packet.dts is not None


def _is_empty_text(packet: Packet[Stream]) -> bool:
    """Return True for the empty texts between subtitles; the MP4 muxer writes its own."""
    return (
        packet.size == len(EMPTY_TEXT)
        and packet.stream.type == "subtitle"
        and bytes(packet) == EMPTY_TEXT
        and packet.stream.codec_context.name == "mov_text"
    )


def _belongs_to_muxer(stream: Stream, source: InputContainer) -> bool:
    """Return True for tracks of chapters and time codes: the MOV muxer writes its own."""
    of_chapters = bool(source.chapters()) and getattr(stream, "name", None) == "bin_data"
    return "timecode" in stream.metadata or of_chapters


def _is_pictorial(stream: Stream) -> bool:
    """Return True for whatever may show a picture, that is for all but what is known not to."""
    if stream.type == "audio":
        return False
    if stream.type == "subtitle":
        context = stream.codec_context
        return context is None or not context.codec.text_sub
    if stream.type == "attachment":
        data = getattr(stream, "data", None) or b""
        kind = str(getattr(stream, "mimetype", None) or "").lower()
        return not any(word in kind for word in FONTS) or holds_picture(bytes(data[:64]))
    return stream.type != "data" or _codec(stream) in ID3


def _codec(stream: Stream) -> str:
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return getattr(stream, "name", None) or "unknown codec"


def _kind(stream: Stream) -> str:
    names = {"audio": "sound", "subtitle": "subtitles", "video": "video"}
    return f"{names.get(stream.type, stream.type)} stream"
