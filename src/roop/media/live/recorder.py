"""Record live frames into a video."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from typing_extensions import override

from roop.context_managers import Transaction
from roop.errors import UsageError
from roop.media.base import Marks
from roop.media.files.output_file import OutputFile
from roop.media.frames.conversion import PLAYABLE, plan_conversion
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.properties import properties_of
from roop.media.live.raw_recording import RawRecording
from roop.media.video.containers import CONSTANT_RATE, container_of, supports
from roop.media.video.encoder_specs import EncoderSpec, choose_encoder, open_encoder
from roop.media.video.errors import muxing
from roop.media.video.writer import planar
from roop.options import VideoOptions
from roop.types import Frame

CLOCK = Fraction(1, 90_000)
"""Seconds per tick of the recording."""

RATE = Fraction(30)
"""Nominal rate for the encoder; frames keep the times at which they arrived."""


class LiveRecorder(Transaction):
    """A video of live frames. Implements ``roop.media.base.Writer``.

    Frames whose size differs from that of the first one are scaled to it.
    """

    def __init__(
        self,
        output: Path,
        video: VideoOptions,
        *,
        force: bool,
        marks: Marks,
        raw: RawRecording | None = None,
    ) -> None:
        """Reserve the output; the encoder opens with the first frame.

        Args:
            output: Its suffix selects the container.
            video: Encoder, preset, quality.
            force: Replace ``output`` if it exists.
            marks: Added to the output.
            raw: Keeps the frames until the output is made of them; None to write them into the
                output at once.

        Raises:
            UsageError: The output exists, or container and encoder do not go together.
            MediaError: The output cannot be written.
        """
        self._form = container_of(output)
        if self._form in CONSTANT_RATE:
            raise UsageError(
                f"{output.suffix} files have a constant frame rate, a camera does not",
                hint="name the recording .mp4 or .mkv",
            )
        self._encoder: EncoderSpec = choose_encoder(
            video, self._form, partial(supports, self._form)
        )
        self._video = video
        self._note = marks.note
        folder = None if raw is None else raw.folder
        self._file = OutputFile(output, force=force, marks=marks, folder=folder)
        self._raw = raw
        self._container: av.container.OutputContainer | None = None
        self._last = -1

    def write(self, frame: Frame) -> None:
        """Encode ``frame``.

        Raises:
            DiskFullError: The disk is full.
            MediaError: FFmpeg reports an error.
        """
        live = planar(frame)
        with muxing(self._file.path, self._file.part):
            if self._container is None:
                self._open(live)
            raw = self._conversion.apply(self._scale_to_first(live))
            pts = round((live.pts * live.time_base - self._start) / CLOCK)
            if pts <= self._last:
                return
            raw.pict_type = PictureType.NONE
            raw.pts, raw.time_base, raw.duration = pts, CLOCK, 0
            self._last = pts
            self._mux(self._stream.encode(raw))

    @override
    def commit(self) -> None:
        """Complete the file and give it its name; without a frame, write none."""
        if self._container is not None:
            with muxing(self._file.path, self._file.part):
                self._mux(self._stream.encode(None))
                self._container.close()
                if self._raw is not None:
                    self._raw.close()
                    self._raw.copy_to(self._file.part, self._file.path, self._note)
            self._file.commit()

    @override
    def discard(self) -> None:
        """Remove what was written; do nothing after a commit."""
        # Removed first, so that closing does not spend time on completing the file.
        self._file.discard()
        if self._container is not None:
            with suppress(av.FFmpegError, OSError, ValueError):
                self._container.close()
        if self._raw is not None:
            self._raw.close()
        self._file.discard()

    def _open(self, first: PlanarFrame) -> None:
        self._container = self._open_container()
        self._container.metadata["comment"] = self._note
        formats = [known.name for known in av.Codec(self._encoder.name, "w").video_formats or ()]
        playable = [name for name in PLAYABLE[:1] if name in formats]
        frames = properties_of(first)
        self._conversion = plan_conversion(frames, playable or formats, even=self._encoder.even)
        self._size, self._start = frames.size, first.pts * first.time_base
        stream = self._container.add_stream(self._encoder.name, rate=RATE, time_base=CLOCK)
        if not isinstance(stream, VideoStream):
            raise UsageError(f"{self._encoder.name} is not a video encoder")
        context = stream.codec_context
        context.width, context.height = self._conversion.size
        context.pix_fmt = self._conversion.format
        context.color_primaries, context.color_trc = frames.color_primaries, frames.color_trc
        context.colorspace, context.color_range = (
            self._conversion.colour.matrix,
            self._conversion.colour.range,
        )
        open_encoder(context, self._encoder, self._video)
        self._stream = stream

    def _open_container(self) -> av.container.OutputContainer:
        if self._raw is not None:
            return self._raw.open()
        options = {"movflags": "+faststart"} if self._form in ("mp4", "mov") else {}
        return av.open(str(self._file.part), "w", format=self._form, container_options=options)

    def _scale_to_first(self, frame: PlanarFrame) -> PlanarFrame:
        if (frame.raw.width, frame.raw.height) == self._size:
            return frame
        raw = VideoReformatter().reformat(frame.raw, *self._size)
        return PlanarFrame(raw, pts=frame.pts, time_base=frame.time_base)

    def _mux(self, packets: Iterable[Packet[VideoStream] | Packet[Stream]]) -> None:
        if self._container is not None:
            for packet in packets:
                self._container.mux_one(packet)
