"""Transcode sound and subtitles to codecs that the output's container can hold."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from roop.errors import MediaError

AUDIO_CODECS = ("aac", "libopus", "libmp3lame", "flac", "pcm_s16le")
"""Audio encoders, best first; the first that the container can hold is used."""

TEXT_CODECS = ("mov_text", "srt", "webvtt", "ass")
"""Encoders of text subtitles, the most widely supported first."""

CHANNEL_BIT_RATE = 96_000
"""Bits per second and channel of lossy sound: transparent for AAC and Opus."""

OPUS_RATE = 48_000
"""The only sample rate in Hz that every Opus decoder outputs."""


class Transcoder(Protocol):
    """Turns packets of a stream of the target into packets of the output."""

    @property
    def stream(self) -> Stream:
        """The stream in the output."""
        ...

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield the transcoded packets for one packet; none if it is damaged."""
        ...

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield the packets that are still buffered."""
        ...


def sound_form(source: AudioStream, codec: str) -> tuple[int, str] | None:
    """Return the sample rate and the layout in which ``codec`` encodes ``source``, by trying.

    Old files give the number of channels only, and some layouts have no place in a codec: such
    sound becomes stereo. None means that the encoder takes neither.
    """
    rates = av.Codec(codec, "w").audio_rates
    rate = OPUS_RATE if codec == "libopus" else source.rate
    if not rate or not source.layout.nb_channels:
        return None
    if rates and rate not in rates:
        rate = min(rates, key=lambda known: (abs(known - rate), -known))
    usual = "mono" if source.layout.nb_channels == 1 else "stereo"
    for layout in (source.layout.name, usual):
        try:
            trial = av.CodecContext.create(codec, "w")
            if isinstance(trial, AudioCodecContext):
                trial.format = (av.Codec(codec, "w").audio_formats or ("s16",))[0]
                trial.sample_rate, trial.layout, trial.time_base = rate, layout, Fraction(1, rate)
                trial.open()
                return rate, layout
        except (av.FFmpegError, ValueError):
            continue
    return None


class AudioTranscoder:
    """Transcodes sound and keeps its times."""

    def __init__(self, output: OutputContainer, source: AudioStream, codec: str) -> None:
        """Add a stream for ``source`` to ``output``."""
        rate, layout = sound_form(source, codec) or (source.rate, source.layout.name)
        self._source = source
        added = output.add_stream(codec, rate=rate)
        if not isinstance(added, AudioStream):
            raise MediaError(f"{codec} is not an audio encoder")
        added.codec_context.layout = layout
        added.codec_context.bit_rate = CHANNEL_BIT_RATE * added.codec_context.layout.nb_channels
        added.time_base = Fraction(1, rate)
        self.stream = added

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield the transcoded packets for one packet; none if it is damaged."""
        try:
            frames = self._source.decode(packet)
        except av.FFmpegError:
            return
        for frame in frames:
            yield from self.stream.encode(frame)

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield the packets that decoder and encoder still buffer."""
        for frame in self._source.decode(None):
            yield from self.stream.encode(frame)
        yield from self.stream.encode(None)


class SubtitleTranscoder:
    """Transcodes text subtitles and keeps their times."""

    def __init__(self, output: OutputContainer, source: SubtitleStream, codec: str) -> None:
        """Add a stream for ``source`` to ``output``."""
        self._source = source
        added = output.add_stream(codec)
        if not isinstance(added, SubtitleStream):
            raise MediaError(f"{codec} is not a subtitle encoder")
        source.codec_context.open(strict=False)
        added.codec_context.subtitle_header = source.codec_context.subtitle_header
        added.time_base = Fraction(1, 1000)
        self.stream = added

    def packets(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Yield the transcoded packets for one packet; none if it is damaged."""
        try:
            subtitle = self._source.codec_context.decode2(packet)
            if subtitle is None:
                return
            encoded = self.stream.codec_context.encode_subtitle(subtitle)
        except av.FFmpegError:
            return
        encoded.time_base = packet.time_base
        encoded.pts = encoded.dts = packet.pts
        encoded.duration = packet.duration
        yield encoded

    def flush(self) -> Iterator[Packet[Stream]]:
        """Yield nothing: subtitles are not buffered."""
        yield from ()
