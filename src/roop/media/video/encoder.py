"""Encodes the pictures of a target the way its output's container wants them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

from roop.errors import UsageError
from roop.media.frames.conversion import Fit, fit_of
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.properties import FrameProperties
from roop.media.video.containers import CONSTANT_RATE, WITHOUT_REORDERING, holds
from roop.media.video.encoder_specs import chosen, open_encoder
from roop.media.video.reader import VideoReader
from roop.media.video.tags import stream_tags
from roop.options import VideoOptions
from roop.types import Warn

DEFAULT_RATE = Fraction(25)
"""What an encoder is told when the target does not say its frame rate."""


class VideoEncoder:
    """Turns frames into packets. What it makes depends on the frames and the target alone."""

    def __init__(
        self, container: OutputContainer, reader: VideoReader, video: VideoOptions, warn: Warn
    ) -> None:
        """Add the stream of the pictures to ``container`` and open its encoder.

        Args:
            container: The output, or an empty one of the same format.
            reader: Where the frames come from.
            video: Encoder, preset, quality.
            warn: Hears of what cannot be kept.

        Raises:
            UsageError: Container, encoder and preset don't fit.
        """
        form = container.format.name
        encoder = chosen(video, form, partial(holds, form))
        frames = reader.properties.enlarged(reader.scale)
        formats = [known.name for known in av.Codec(encoder.name, "w").video_formats or ()]
        self._reader = reader
        self._fit = fit_of(frames, formats, even=encoder.even)
        self._say_what_changes(frames, warn)
        rate = reader.info.fps or DEFAULT_RATE
        self.clock = 1 / rate if form in CONSTANT_RATE else reader.time_base
        """Seconds per tick of the packets."""
        self.left_out = 0
        """Frames that found their place on the clock taken."""
        self.fed = False
        """True if there was a frame."""
        self._last: int | None = None
        stream = container.add_stream(encoder.name, rate=rate, time_base=self.clock)
        if not isinstance(stream, VideoStream):
            raise UsageError(f"{encoder.name} is no video encoder")
        _describe(stream, reader, self._fit)
        if form in WITHOUT_REORDERING:
            stream.codec_context.max_b_frames = 0
        hdr = encoder.hdr.notes(frames.mastering, frames.light) if encoder.hdr else ""
        open_encoder(stream.codec_context, encoder, video, hdr=hdr)
        self.stream = stream
        """Where the packets belong."""

    def encode(self, frame: PlanarFrame) -> Iterator[Packet[VideoStream]]:
        """Encode ``frame`` as often as it is shown; its packets may come with a later one."""
        raw = self._fit.apply(frame)
        # The decoder's choice of I, P and B would otherwise bind the encoder.
        raw.pict_type = PictureType.NONE
        for pts in self._times(frame):
            if self._last is not None and pts <= self._last:
                self.left_out += 1
                continue
            raw.pts, raw.time_base = pts, self.clock
            if self.clock != self._reader.source_time_base:
                raw.duration = 1
            self._last, self.fed = pts, True
            yield from self.stream.encode(raw)

    def skip(self, frame: PlanarFrame) -> None:
        """Take note of a frame that somebody else encodes, just before the first one here."""
        self._last = max(self._times(frame))

    def flush(self) -> Iterator[Packet[VideoStream]]:
        """Yield what is still held back."""
        if self.fed:
            yield from self.stream.encode(None)

    def _times(self, frame: PlanarFrame) -> Iterator[int]:
        """Yield the places on the clock at which ``frame`` is shown."""
        first = frame.pts - round(self._reader.shift / frame.time_base)
        for pts in range(first, first + frame.repeats):
            yield round(pts * frame.time_base / self.clock)

    def _say_what_changes(self, frames: FrameProperties, warn: Warn) -> None:
        if self._fit.format != frames.format:
            warn(f"the pixel format is changed from {frames.format} to {self._fit.format}")
        if self._fit.size != frames.size:
            width, height = self._fit.size
            warn(f"the encoder takes even sizes only: the picture grows to {width}x{height}")


def _describe(stream: VideoStream, reader: VideoReader, fit: Fit) -> None:
    """Tell the encoder and the container what the pictures are like."""
    frames, context = reader.properties, stream.codec_context
    context.width, context.height = fit.size
    context.pix_fmt = fit.format
    context.sample_aspect_ratio = reader.stream.sample_aspect_ratio or Fraction(0, 1)
    context.color_primaries, context.color_trc = frames.color_primaries, frames.color_trc
    context.colorspace = fit.colour.matrix if fit.said else frames.colorspace
    context.color_range = fit.colour.range if fit.said else frames.color_range
    context.flags |= Flags.frame_duration
    if frames.interlaced:
        context.field_order = reader.stream.codec_context.field_order
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if frames.display_matrix is not None:
        stream.set_display_matrix(frames.display_matrix)
    stream.metadata.update(stream_tags(reader.stream.metadata, encoded=True))
    stream.disposition = reader.stream.disposition
