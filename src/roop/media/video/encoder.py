"""Encode the frames of a target as the output's container needs them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream

from roop.errors import UsageError
from roop.media.frames.colour import LIMITED_RANGE, UNSPECIFIED
from roop.media.frames.conversion import FrameConversion, has_alpha, plan_conversion
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.properties import FrameProperties
from roop.media.video.chroma_siting import chroma_siting
from roop.media.video.containers import CONSTANT_RATE, NO_REORDERING, supports
from roop.media.video.encoder_specs import (
    EncoderSpec,
    choose_encoder,
    faithful_encoder,
    open_encoder,
)
from roop.media.video.matroska import FORMATS
from roop.media.video.opening import has_alpha_layer
from roop.media.video.reader import VideoReader
from roop.media.video.tags import stream_tags
from roop.options import VideoOptions
from roop.types import Warn

DEFAULT_RATE = Fraction(25)
"""Frame rate for the encoder if the target has none."""


class VideoEncoder:
    """Turns frames into packets, which depend on nothing but the frames and the target."""

    def __init__(
        self, container: OutputContainer, reader: VideoReader, video: VideoOptions, warn: Warn
    ) -> None:
        """Add the video stream to ``container`` and open its encoder.

        Args:
            container: The output, or an empty one of the same format.
            reader: Provides the frames.
            video: Encoder, preset, quality.
            warn: Called for what cannot be kept.

        Raises:
            UsageError: Container, encoder and preset do not go together.
        """
        form = container.format.name
        frames = reader.properties.enlarged(reader.scale)
        encoder = _encoder_for(frames, video, form)
        self._reader = reader
        self._conversion = _conversion_for(encoder, frames, form)
        self._warn_of_changes(frames, warn)
        rate = reader.info.fps or DEFAULT_RATE
        self.clock = 1 / rate if form in CONSTANT_RATE else reader.time_base
        """Seconds per tick of the packets."""
        self.left_out = 0
        """Number of frames left out, since another has the same time on the output's clock."""
        self.has_frames = False
        """True after the first frame."""
        self._last: int | None = None
        stream = container.add_stream(encoder.name, rate=rate, time_base=self.clock)
        if not isinstance(stream, VideoStream):
            raise UsageError(f"{encoder.name} is not a video encoder")
        _set_properties(stream, reader, self._conversion)
        if form in NO_REORDERING:
            stream.codec_context.max_b_frames = 0
        hdr = encoder.hdr.option_value(frames.mastering, frames.light) if encoder.hdr else ""
        if encoder.hdr is None and (frames.mastering or frames.light):
            warn(f"the mastering display and light level are left out: {encoder.name} has no place")
        context = stream.codec_context
        if encoder.says_limited and _says_only_limited(context):
            hdr = f"{hdr}:{encoder.says_limited}".removeprefix(":")
        chroma = self._chroma(encoder, frames, form, warn)
        open_encoder(context, encoder, video, hdr=hdr, chroma=chroma)
        self.stream = stream
        """The stream that the packets belong to."""

    def _chroma(self, encoder: EncoderSpec, frames: FrameProperties, form: str, warn: Warn) -> str:
        """Return FFmpeg's name of the chroma location of the output."""
        found = chroma_siting(self._reader.stream) or "left"
        if self._conversion.format != frames.format or found == "left":
            return "left"
        # H.264 and H.265 have a place for it where a sample is shared by four pixels.
        said = encoder.codec in ("h264", "hevc") and "420" in frames.format
        if not said and form not in FORMATS:
            warn(f"the chroma location of the target, {found}, is left out: {form} cannot say it")
        return found

    def encode(self, frame: PlanarFrame) -> Iterator[Packet[VideoStream]]:
        """Encode ``frame`` as often as it is shown; its packets may come with a later frame."""
        raw = self._conversion.apply(frame)
        # The encoder would otherwise reuse the decoder's choice of I, P and B frames.
        raw.pict_type = PictureType.NONE
        for pts in self._times(frame):
            if self._last is not None and pts <= self._last:
                self.left_out += 1
                continue
            raw.pts, raw.time_base = pts, self.clock
            if self.clock != self._reader.source_time_base:
                raw.duration = 1
            self._last, self.has_frames = pts, True
            yield from self.stream.encode(raw)

    def skip(self, frame: PlanarFrame) -> None:
        """Note the time of the frame before the first one, which another encoder encodes."""
        self._last = max(self._times(frame))

    def flush(self) -> Iterator[Packet[VideoStream]]:
        """Yield the packets that are still buffered."""
        if self.has_frames:
            yield from self.stream.encode(None)

    def _times(self, frame: PlanarFrame) -> Iterator[int]:
        """Yield the ticks at which ``frame`` is shown."""
        first = frame.pts - round(self._reader.shift / frame.time_base)
        for pts in range(first, first + frame.repeats):
            yield round(pts * frame.time_base / self.clock)

    def _warn_of_changes(self, frames: FrameProperties, warn: Warn) -> None:
        form, loses = self._conversion.format, has_alpha(frames.format)
        loses = loses and not has_alpha(self._conversion.format)
        if form != frames.format:
            more = ", which has no transparency" if loses else ""
            warn(f"the pixel format is changed from {frames.format} to {form}{more}")
        said = self._reader.stream.metadata.get("alpha_mode") == "1"
        said = said or has_alpha_layer(self._reader.info.path)
        if said and not has_alpha(frames.format):
            warn("the transparency of the target is left out: its decoder does not return it")
        if frames.dynamic_hdr:
            names = " and ".join(frames.dynamic_hdr)
            warn(f"the {names} metadata of the target are left out: they describe its old frames")
        if self._conversion.size != frames.size:
            width, height = self._conversion.size
            warn(f"the encoder only takes even sizes: frames are padded to {width}x{height}")


def _encoder_for(frames: FrameProperties, video: VideoOptions, container: str) -> EncoderSpec:
    """Return the chosen encoder; instead of a default, one that keeps more of the target."""

    def loss(encoder: EncoderSpec) -> tuple[bool, int, int]:
        conversion = _conversion_for(encoder, frames, container)
        opaque = has_alpha(frames.format) and not has_alpha(conversion.format)
        added = sum(conversion.size) - sum(frames.size)
        return opaque, added, conversion.bits_lost(frames.format)

    fits = partial(supports, container)
    return faithful_encoder(video, choose_encoder(video, container, fits), fits, loss)


def _conversion_for(
    encoder: EncoderSpec, frames: FrameProperties, container: str
) -> FrameConversion:
    formats = [known.name for known in av.Codec(encoder.name, "w").video_formats or ()]
    if container not in encoder.transparent_in:
        formats = [name for name in formats if not has_alpha(name)]
    return plan_conversion(frames, formats, even=encoder.even)


def _says_only_limited(context: VideoCodecContext) -> bool:
    """Return True if the range is limited and nothing else is known about the colours."""
    others = (context.color_primaries, context.color_trc, context.colorspace)
    return context.color_range == LIMITED_RANGE and set(map(int, others)) == {UNSPECIFIED}


def _set_properties(stream: VideoStream, reader: VideoReader, conversion: FrameConversion) -> None:
    """Set size, pixel format, colour and rotation of the encoder and its stream."""
    frames, context = reader.properties, stream.codec_context
    context.width, context.height = conversion.size
    context.pix_fmt = conversion.format
    context.sample_aspect_ratio = reader.stream.sample_aspect_ratio or Fraction(0, 1)
    context.color_primaries, context.color_trc = frames.color_primaries, frames.color_trc
    context.colorspace = conversion.colour.matrix if conversion.explicit else frames.colorspace
    context.color_range = conversion.colour.range if conversion.explicit else frames.color_range
    context.flags |= Flags.frame_duration
    if frames.interlaced:
        context.field_order = reader.stream.codec_context.field_order
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if frames.display_matrix is not None:
        stream.set_display_matrix(frames.display_matrix)
    stream.metadata.update(stream_tags(reader.stream.metadata, encoded=True))
    stream.disposition = reader.stream.disposition
