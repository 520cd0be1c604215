"""Writes a video: the target's file with other pictures in it."""

from __future__ import annotations

import io
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType
from av.video.stream import VideoStream

from roop.errors import MediaError, UsageError
from roop.media.base import Marks, Warn
from roop.media.container import is_cover, open_target
from roop.media.display import light_of, mastering_of
from roop.media.encoders import Encoder, chosen, open_encoder
from roop.media.failures import muxing
from roop.media.fitting import Fit, fit_of
from roop.media.output import OutputFile
from roop.media.planes import PlanarFrame
from roop.media.streams import OtherStreams
from roop.media.tags import MOV_FAMILY, chapters, file_tags, needs_key_table, noted, stream_tags
from roop.media.video_reader import VideoReader
from roop.options import VideoOptions
from roop.types import Frame

PICTURES = frozenset({"image2", "gif", "apng", "webp", "avif", "ico"})
"""FFmpeg's names of formats that hold pictures, not films."""

SILENT = frozenset({"mpegts"})
"""Containers whose muxers don't say what they take, though they take much."""

CONSTANT_RATE = frozenset({"avi"})
"""Containers that count frames instead of time."""

WITHOUT_REORDERING = frozenset({"avi", "asf"})
"""Containers that have one time per packet, so that B-frames would be shown too late."""

NO_TIMESTAMPS = 0x80
"""FFmpeg's flag of raw streams, which know no time (AVFMT_NOTIMESTAMPS)."""

FINE_CLOCK = 90_000
"""Ticks per second that an MP4's clock has at least."""

FINEST_CLOCK = 1 << 24
"""Ticks per second that it has at most."""

DEFAULT_RATE = Fraction(25)
"""What an encoder is told when the target does not say its frame rate."""


class VideoWriter:
    """The output of a video. Implements ``roop.media.base.Writer``."""

    def __init__(
        self,
        output: Path,
        reader: VideoReader,
        video: VideoOptions,
        *,
        force: bool,
        warn: Warn,
        marks: Marks | None = None,
    ) -> None:
        """Open the encoder and the output; nothing appears under ``output`` yet.

        Args:
            output: Its extension says the container.
            reader: Where the frames will come from.
            video: Encoder, preset, quality, sound.
            force: Replace ``output`` if it exists.
            warn: Hears of what cannot be kept.
            marks: What the output carries besides.

        Raises:
            UsageError: The output exists, or container, encoder or preset don't fit.
            MediaError: It cannot be written.
        """
        self._output = output
        self._reader = reader
        self._warn = warn
        self._note = marks.note if marks else ""
        self._last: int | None = None
        self._dropped = 0
        container = container_of(output)
        self._file = OutputFile(output, force=force, target=reader.info.path, marks=marks)
        self._opened: list[OutputContainer | InputContainer] = []
        try:
            with muxing(output, self._file.part):
                self._open(container, video)
        except BaseException:
            self._abandon()
            raise

    def write(self, frame: Frame) -> None:
        """Encode ``frame`` as often as it is shown.

        Raises:
            DiskFullError: There is no room left.
            MediaError: The encoder or the container refused.
        """
        if not isinstance(frame, PlanarFrame):
            raise TypeError(f"a {type(frame).__name__} did not come from a video")
        raw = self._fit.apply(frame)
        # The decoder's choice of I, P and B would otherwise bind the encoder.
        raw.pict_type = PictureType.NONE
        first = frame.pts - round(self._reader.shift / frame.time_base)
        with muxing(self._output, self._file.part):
            for pts in range(first, first + frame.repeats):
                self._encode(raw, pts * frame.time_base)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._abandon()

    def _finish(self) -> None:
        if self._last is None:
            raise MediaError(f"{self._output}: there was no frame to write")
        with muxing(self._output, self._file.part):
            self._mux(self._video.encode(None))
            self._others.finish()
            self._container.close()
        if self._dropped:
            name = self._container.format.name
            self._warn(f"{self._dropped} frames are left out: {name} files have one frame rate")
        self._file.commit()

    def _abandon(self) -> None:
        """Remove what was written; does nothing after a commit."""
        # Gone first, so that closing does not take the time to complete the file.
        self._file.discard()
        for container in self._opened:
            with suppress(av.FFmpegError, OSError, ValueError):
                container.close()
        self._file.discard()

    def _encode(self, raw: av.VideoFrame, seconds: Fraction) -> None:
        """Encode ``raw`` at its place on the encoder's clock, if that is free."""
        pts = round(seconds / self._clock)
        if self._last is not None and pts <= self._last:
            self._dropped += 1
            return
        raw.pts, raw.time_base = pts, self._clock
        if self._clock != self._reader.source_time_base:
            raw.duration = 1
        self._last = pts
        self._mux(self._video.encode(raw))

    def _mux(self, packets: list[Packet[Stream]]) -> None:
        for packet in packets:
            if packet.dts is not None:
                self._others.up_to(packet.dts * packet.time_base)
            self._container.mux_one(packet)

    def _open(self, container: str, video: VideoOptions) -> None:
        reader = self._reader
        source = open_target(reader.info.path)
        self._opened.append(source)
        tags = noted(file_tags(source.metadata), self._note)
        self._container = av.open(
            str(self._file.part),
            "w",
            format=container,
            container_options=_muxer(container, source, reader.time_base),
        )
        self._opened.append(self._container)
        encoder = chosen(video, container, partial(_holds, container))
        self._container.metadata.update(tags)
        self._container.set_chapters(chapters(source, reader.trim, reader.shift))
        self._others = OtherStreams(reader, source, self._container, self._warn)
        for stream in source.streams:
            if stream.index == reader.stream.index:
                self._video = self._add_video(encoder, video)
            elif not (video.skip_audio and stream.type == "audio"):
                self._others.add(stream)

    def _add_video(self, encoder: Encoder, video: VideoOptions) -> VideoStream:
        reader = self._reader
        first = PlanarFrame(reader.first, pts=0, time_base=reader.time_base)
        formats = [form.name for form in av.Codec(encoder.name, "w").video_formats or ()]
        self._fit = fit_of(first, formats, even=encoder.even)
        self._say_what_changes(first)
        rate = reader.info.fps or DEFAULT_RATE
        constant = self._container.format.name in CONSTANT_RATE
        self._clock = 1 / rate if constant else reader.time_base
        stream = self._container.add_stream(encoder.name, rate=rate, time_base=self._clock)
        if not isinstance(stream, VideoStream):
            raise UsageError(f"{encoder.name} is no video encoder")
        _describe(stream, reader, self._fit)
        if self._container.format.name in WITHOUT_REORDERING:
            stream.codec_context.max_b_frames = 0
        hdr = (
            encoder.hdr.notes(mastering_of(reader.first), light_of(reader.first))
            if encoder.hdr
            else ""
        )
        open_encoder(stream.codec_context, encoder, video, hdr=hdr)
        return stream

    def _say_what_changes(self, first: PlanarFrame) -> None:
        if self._fit.format != first.format:
            self._warn(f"the pixel format is changed from {first.format} to {self._fit.format}")
        if self._fit.size != (first.raw.width, first.raw.height):
            width, height = self._fit.size
            self._warn(f"the encoder takes even sizes only: the picture grows to {width}x{height}")


def container_of(output: Path) -> str:
    """Return FFmpeg's name of the container that the extension of ``output`` stands for.

    Raises:
        UsageError: It stands for none, or for a picture.
    """
    try:
        with av.open(str(Path("output").with_suffix(output.suffix)), "w") as probe:
            form = probe.format
    except ValueError as error:
        raise _no_container(output) from error
    if form.name in PICTURES:
        raise UsageError(
            f"the target is a video, {output.name} would be a picture",
            hint="name the output .mp4, .mkv, .mov or .webm",
        )
    if form.flags & NO_TIMESTAMPS:
        raise _no_container(output)
    return form.name


def _no_container(output: Path) -> UsageError:
    return UsageError(
        f"{output.name}: {output.suffix or 'no extension'} is no video format",
        hint="name the output .mp4, .mkv, .mov or .webm",
    )


def _holds(container: str, encoder: str) -> bool:
    """Return True if ``container`` takes what ``encoder`` makes."""
    trial = av.open(io.BytesIO(), "w", format=container)
    return container in SILENT or encoder in trial.supported_codecs


def _muxer(container: str, source: InputContainer, time_base: Fraction) -> dict[str, str]:
    """Return the container's options that keep tags and the exact beginning of every stream."""
    if container not in MOV_FAMILY:
        return {}
    flags = "+faststart"
    # The table of keys takes the place of the one that a cover needs.
    covered = any(is_cover(stream) for stream in source.streams)
    if needs_key_table(file_tags(source.metadata)) and not covered:
        flags += "+use_metadata_tags"
    # Where a stream begins is counted in this clock; FFmpeg's default is milliseconds.
    ticks = time_base.denominator
    ticks *= -(-FINE_CLOCK // ticks)
    return {"movflags": flags, "movie_timescale": str(min(ticks, FINEST_CLOCK))}


def _describe(stream: VideoStream, reader: VideoReader, fit: Fit) -> None:
    """Tell the encoder and the container what the pictures are like."""
    first, context = reader.first, stream.codec_context
    context.width, context.height = fit.size
    context.pix_fmt = fit.format
    context.sample_aspect_ratio = reader.stream.sample_aspect_ratio or Fraction(0, 1)
    context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
    context.colorspace = fit.colour.matrix if fit.said else first.colorspace
    context.color_range = fit.colour.range if fit.said else first.color_range
    context.flags |= Flags.frame_duration
    if first.interlaced_frame:
        context.field_order = reader.stream.codec_context.field_order
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    if reader.display_matrix is not None:
        stream.set_display_matrix(reader.display_matrix)
    stream.metadata.update(stream_tags(reader.stream.metadata, encoded=True))
    stream.disposition = reader.stream.disposition
