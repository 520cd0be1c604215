"""Turns sound and subtitles into a form that the output's container takes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from roop.errors import MediaError

AUDIO_CODECS = ("aac", "libopus", "libmp3lame", "flac", "pcm_s16le")
"""Encoders for sound, the best first; the first that the container takes is used."""

TEXT_CODECS = ("mov_text", "srt", "webvtt", "ass")
"""Encoders for text subtitles, the most widely understood first."""

CHANNEL_BIT_RATE = 96_000
"""Bits per second and channel for lossy sound: transparent for AAC and Opus."""

OPUS_RATE = 48_000
"""The only sample rate in Hz that every Opus decoder gives back."""


class Transcoder(Protocol):
    """Takes packets of a target's stream, gives packets of the output's."""

    @property
    def stream(self) -> Stream:
        """The stream of the output."""
        ...

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Convert one packet; damaged ones give nothing."""
        ...

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield what is still held back."""
        ...


class AudioTranscoder:
    """Decodes and encodes sound, keeping its times."""

    def __init__(self, output: OutputContainer, source: AudioStream, codec: str) -> None:
        """Add a stream for ``source`` to ``output``."""
        rates = av.Codec(codec, "w").audio_rates
        rate = OPUS_RATE if codec == "libopus" else source.rate
        if rates and rate not in rates:
            rate = min(rates, key=lambda known: (abs(known - rate), -known))
        self._source = source
        added = output.add_stream(codec, rate=rate)
        if not isinstance(added, AudioStream):
            raise MediaError(f"{codec} is no sound encoder")
        added.codec_context.layout = source.layout.name
        added.codec_context.bit_rate = CHANNEL_BIT_RATE * source.layout.nb_channels
        added.time_base = Fraction(1, rate)
        self.stream = added

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Convert one packet; damaged ones give nothing."""
        try:
            frames = self._source.decode(packet)
        except av.FFmpegError:
            return
        for frame in frames:
            yield from self.stream.encode(frame)

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield what decoder and encoder still hold back."""
        for frame in self._source.decode(None):
            yield from self.stream.encode(frame)
        yield from self.stream.encode(None)


class SubtitleTranscoder:
    """Decodes and encodes text subtitles, keeping their times."""

    def __init__(self, output: OutputContainer, source: SubtitleStream, codec: str) -> None:
        """Add a stream for ``source`` to ``output``."""
        self._source = source
        added = output.add_stream(codec)
        if not isinstance(added, SubtitleStream):
            raise MediaError(f"{codec} is no subtitle encoder")
        source.codec_context.open(strict=False)
        added.codec_context.subtitle_header = source.codec_context.subtitle_header
        added.time_base = Fraction(1, 1000)
        self.stream = added

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Convert one packet; damaged ones give nothing."""
        try:
            shown = self._source.codec_context.decode2(packet)
            if shown is None:
                return
            encoded = self.stream.codec_context.encode_subtitle(shown)
        except av.FFmpegError:
            return
        encoded.time_base = packet.time_base
        encoded.pts = encoded.dts = packet.pts
        encoded.duration = packet.duration
        yield encoded

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield nothing: subtitles are not held back."""
        yield from ()
