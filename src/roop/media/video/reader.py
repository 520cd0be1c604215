"""Reads the frames of a video in presentation order, with their exact times."""

from collections.abc import Iterator
from fractions import Fraction
from operator import itemgetter
from pathlib import Path

import av
from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import MediaError, UsageError
from roop.media.base import TargetInfo
from roop.media.frames.display import orientation_of
from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.presentation import Display, transfer_of
from roop.media.frames.properties import properties_of
from roop.media.target_file import TargetFile
from roop.media.video.decoder import Decoder, Decoding
from roop.media.video.errors import demuxing
from roop.media.video.opening import open_target, video_stream
from roop.media.video.timeline import WHOLE, TimeRange, Trim, exact_rate, frame_number, resample
from roop.options import VideoOptions
from roop.types import Frame, Warn

_FULLY_DECODED = 12
"""Number of frames before the range that are all decoded. Of earlier ones only reference frames
are, which takes half the time: the tracker needs few of them."""


class VideoReader(Closing):
    """The frames of one video file. Implements ``roop.media.base.Reader``."""

    def __init__(
        self,
        path: Path,
        video: VideoOptions,
        warn: Warn,
        *,
        time_range: TimeRange = WHOLE,
        scale: int = 1,
        decoding: Decoding = "fast",
    ) -> None:
        """Open the file and decode its first frame.

        Args:
            path: The target.
            video: ``start``, ``end`` and ``fps`` are used here.
            warn: Called for what is lost or guessed.
            time_range: The part to read; ``info`` describes the whole target.
            scale: Factor by which the frames will be enlarged before they are written.
            decoding: How to decode.

        Raises:
            MediaError: The file is not a video, or cannot be decoded.
            UsageError: The trim leaves no frame.
        """
        self.scale = scale
        """Factor by which the output is larger than the target."""
        self._path = path
        self._time_range = time_range
        self._damaged_before_range = 0
        self._file = TargetFile.of(path)
        self._container = open_target(path)
        try:
            self.stream = video_stream(self._container, path)
            self.trim = Trim.of(self._container, video)
            part = self._part(self.trim.start) if time_range.seek is None else self.trim
            self._decoder = Decoder(self._container, self.stream, part, warn, decoding=decoding)
            self._frames = iter(self._decoder)
            first = self._first_frame()
        except BaseException:
            self._container.close()
            raise
        self._first = first if time_range.seek is None else None
        self._first_s = self._pts(first) * self._decoder.time_base
        self.shift = self._first_s * self.trim.active
        """Seconds to subtract from every time in the output: what ``start`` cuts away."""
        self.rate = None if video.fps is None else exact_rate(video.fps)
        """Constant frame rate of the output; None to keep the times of the target."""
        self.properties = properties_of(
            PlanarFrame(first, pts=self._pts(first), time_base=self.time_base)
        )
        """Properties of the first frame, taken for all."""
        orientation = orientation_of(self.properties.display_matrix)
        if orientation is None:
            warn(
                "the rotation is not a multiple of 90 degrees and is ignored while detecting faces"
            )
        self._orientation = orientation or Orientation()
        self._display = Display(  # what the output says of all frames
            aspect=float(self.stream.sample_aspect_ratio or 1),
            transfer=transfer_of(self.properties.color_trc),
            interlaced=self.properties.interlaced,
        )
        self._info = self._describe(first.format.name)

    @property
    def info(self) -> TargetInfo:
        """What is known about the target."""
        return self._info

    @property
    def damaged(self) -> int:
        """Number of packets skipped so far because they could not be decoded."""
        return self._decoder.damaged - self._damaged_before_range

    @property
    def first_frame_s(self) -> Fraction:
        """Time of the first frame of the whole target, in seconds of the frames' clock."""
        return self._on_clock(self._first_s)

    @property
    def end_s(self) -> Fraction | None:
        """End of the target's last frame by its header; None if unknown or not the output's end."""
        if self.trim.active or self.rate is not None or not self.stream.duration:
            return None
        return self._decoder.extent[1]

    def seconds_to_start(self, frame: Frame) -> Fraction:
        """Return the seconds from ``frame`` to the start of the range; 0 inside the range.

        Some frames before the range are not decoded.
        """
        if self._time_range.start is None:
            return Fraction(0)
        left = self._on_clock(self._time_range.start) - frame.pts * frame.time_base
        return max(Fraction(0), left)

    @property
    def source_time_base(self) -> Fraction:
        """Seconds per tick of the target's clock and of the durations of its frames."""
        return self._decoder.time_base

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the frames' ``pts``, exact."""
        return self._decoder.time_base if self.rate is None else 1 / self.rate

    def __iter__(self) -> Iterator[PlanarFrame]:
        """Yield the frames; can be called once.

        Raises:
            MediaError: The frame size changes, or too many packets in a row cannot be decoded.
        """
        timed = self._timed(self._start())
        self._first = None
        if self.rate is None:
            return map(itemgetter(0), timed)
        return resample(timed, self.rate, self._time_range.end)

    def peek(self) -> PlanarFrame | None:
        """Return the first frame without consuming it; None if it is damaged.

        Its time is not yet converted to the frame rate of the output.
        """
        raw = self._start()
        return None if raw is None else self._framed(raw)

    @override
    def close(self) -> None:
        """Close the file and release the decoder; ``info`` stays available."""
        self._container.close()
        # They hold up to hundreds of megabytes, and callers keep the reader for its ``info``.
        self._frames = iter(())
        self._decoder.release()
        del self._container, self.stream, self._first

    def _on_clock(self, seconds: Fraction) -> Fraction:
        return seconds if self.rate is None else frame_number(seconds, self.rate) / self.rate

    def _first_frame(self) -> av.VideoFrame:
        with demuxing(self._path):
            first = next(self._frames, None)
        if first is not None:
            return first
        if self.trim.active and not self.damaged:
            raise UsageError(
                f"{self._path} has no frame between start and end",
                hint="compare [[start]] and [[end]] with its duration",
            )
        raise MediaError(f"{self._path}: no frame can be decoded", hint="the file is damaged")

    def _timed(self, raw: av.VideoFrame | None) -> Iterator[tuple[PlanarFrame, Fraction]]:
        """Yield each frame, from ``raw`` on, with the time in seconds at which it ends."""
        time_base = self._decoder.time_base
        while raw is not None:
            self._refuse_other_size(raw)
            frame = self._framed(raw)
            if (
                self._time_range.start is not None
                and frame.pts * time_base < self._time_range.start
            ):
                self._damaged_before_range = self._decoder.damaged
            yield frame, (frame.pts + raw.duration) * time_base
            del frame, raw  # freed while the next one is decoded
            with demuxing(self._path):
                raw = next(self._frames, None)

    def _framed(self, raw: av.VideoFrame) -> PlanarFrame:
        time_base = self._decoder.time_base
        return PlanarFrame(
            raw,
            pts=self._pts(raw),
            time_base=time_base,
            orientation=self._orientation,
            display=self._display,
        )

    def _start(self) -> av.VideoFrame | None:
        """Return the first frame of the range; iteration continues after it."""
        if self._first is None and self._time_range.seek is not None:
            self._first = self._first_in_range()
        return self._first

    def _part(self, begin: Fraction | None) -> Trim:
        """Return the part to decode: from ``begin`` to the end of the range."""
        end = self._time_range.end
        return Trim(begin, self.trim.end if end is None else end)

    def _first_in_range(self) -> av.VideoFrame | None:
        with demuxing(self._path):
            start, frame_s = self._time_range.start, self._decoder.usual_duration_s
            sparse_before = None if start is None else start - _FULLY_DECODED * frame_s
            part = self._part(self._time_range.seek)
            self._frames = self._decoder.restart(part, sparse_before=sparse_before)
            return next(self._frames, None)

    def _refuse_other_size(self, raw: av.VideoFrame) -> None:
        size, expected = (raw.width, raw.height), self.properties.size
        if size != expected:
            seconds = float(self._pts(raw) * self._decoder.time_base)
            raise MediaError(
                f"{self._path}: the frame size changes from {expected[0]}x{expected[1]} to "
                f"{size[0]}x{size[1]} at {seconds:.2f} s",
                hint="use [[start]] and [[end]] to process each part separately",
            )

    @staticmethod
    def _pts(raw: av.VideoFrame) -> int:
        if raw.pts is None:
            raise ValueError("the decoder returned a frame without a time")
        return raw.pts

    def _describe(self, pixel_format: str) -> TargetInfo:
        stream = self.stream
        fps = self.rate or stream.average_rate or stream.guessed_rate
        begin, end = self._decoder.extent
        length = None if end is None else self.trim.length(begin, end)
        frames: int | None = stream.frames or None
        if frames is None or self.trim.active or self.rate is not None:
            frames = None if length is None or fps is None else max(1, round(length * fps))
        return TargetInfo(
            file=self._file,
            kind="video",
            size=self._orientation.size(self.properties.size),
            frames=frames,
            fps=fps,
            duration_s=None if length is None else float(length),
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=pixel_format,
        )
