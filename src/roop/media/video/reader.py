"""Reads the frames of a video in presentation order, with their exact times."""

from collections.abc import Iterator
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from roop.errors import MediaError, UsageError
from roop.media.base import TargetInfo
from roop.media.frames.display import orientation_of
from roop.media.frames.orientation import Orientation
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.properties import properties_of
from roop.media.video.decoder import Decoder
from roop.media.video.errors import demuxing
from roop.media.video.opening import open_target, video_stream
from roop.media.video.timeline import WHOLE, TimeRange, Trim, exact_rate, resampled, slot
from roop.options import VideoOptions
from roop.types import Frame, Warn

_DENSE = 12
"""Frames before a stretch that are all decoded; of those before them only what others depend on:
they are looked at now and then, and decoding them takes half the time so."""


class VideoReader:
    """The frames of one video file. Implements ``roop.media.base.Reader``."""

    def __init__(
        self,
        path: Path,
        video: VideoOptions,
        warn: Warn,
        *,
        stretch: TimeRange = WHOLE,
        scale: int = 1,
        beside_work: bool = False,
    ) -> None:
        """Open the file and decode its first frame.

        Args:
            path: The target.
            video: Only ``start``, ``end`` and ``fps`` matter here.
            warn: Hears of what is lost or guessed.
            stretch: The part to read. What is said of the target is true of the whole of it.
            scale: How many times as wide and as high its frames will be when they are written.
            beside_work: True if what is done to the frames needs the cores more than decoding.

        Raises:
            MediaError: It is no video, or none that can be decoded.
            UsageError: The trim leaves nothing of it.
        """
        self.scale = scale
        """How many times as wide and as high the output is."""
        self._path = path
        self._stretch = stretch
        self._lead_damaged = 0
        self._container = open_target(path)
        try:
            self.stream = video_stream(self._container, path)
            self.trim = Trim.of(self._container, video)
            part = self._part(self.trim.start) if stretch.seek is None else self.trim
            self._decoder = Decoder(
                self._container, self.stream, part, warn, beside_work=beside_work
            )
            self._frames = iter(self._decoder)
            first = self._first_frame()
        except BaseException:
            self._container.close()
            raise
        self._first = first if stretch.seek is None else None
        self._first_s = self._pts(first) * self._decoder.time_base
        self.shift = self._first_s * self.trim.active
        """Seconds that are taken from every time of the output: what ``start`` cut away."""
        self.rate = None if video.fps is None else exact_rate(video.fps)
        """Constant frame rate of the output, None for the target's own times."""
        self.properties = properties_of(
            PlanarFrame(first, pts=self._pts(first), time_base=self.time_base)
        )
        """Those of the target's first frame, which speaks for all."""
        orientation = orientation_of(self.properties.display_matrix)
        if orientation is None:
            warn("the picture is turned by an odd angle; faces are looked for as it is stored")
        self._orientation = orientation or Orientation()
        self._info = self._described(first.format.name)

    @property
    def info(self) -> TargetInfo:
        """What is known about the target."""
        return self._info

    @property
    def damaged(self) -> int:
        """Packets skipped so far because they could not be decoded."""
        return self._decoder.damaged - self._lead_damaged

    @property
    def begins(self) -> Fraction:
        """Seconds at which the first frame of the whole target is shown, on the frames' clock."""
        return self._on_clock(self._first_s)

    def lead(self, frame: Frame) -> Fraction:
        """Return how many seconds of those that lead up to the stretch are left at ``frame``.

        Not all frames are among them. 0 where the frame belongs to the stretch.
        """
        if self._stretch.start is None:
            return Fraction(0)
        left = self._on_clock(self._stretch.start) - frame.pts * frame.time_base
        return max(Fraction(0), left)

    @property
    def source_time_base(self) -> Fraction:
        """Seconds per tick of the target's own clock; of the durations of its frames."""
        return self._decoder.time_base

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the frames' ``pts``, exact."""
        return self._decoder.time_base if self.rate is None else 1 / self.rate

    def __iter__(self) -> Iterator[PlanarFrame]:
        """Yield the frames; may be called once.

        Raises:
            MediaError: The picture changes its size, or nothing can be decoded for long.
        """
        timed = self._timed(self._begin())
        self._first = None
        if self.rate is None:
            return map(itemgetter(0), timed)
        return resampled(timed, self.rate, self._stretch.end)

    def peek(self) -> PlanarFrame | None:
        """Return the first frame before it is read, to look at; None if it is damaged.

        It is as the decoder gives it, whatever frame rate is asked for.
        """
        raw = self._begin()
        return None if raw is None else self._framed(raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()
        # They hold up to hundreds of megabytes, and what is known of the target is asked for later.
        self._frames = iter(())
        self._decoder.let_go()
        del self._container, self.stream, self._first

    def _on_clock(self, seconds: Fraction) -> Fraction:
        return seconds if self.rate is None else slot(seconds, self.rate) / self.rate

    def _first_frame(self) -> av.VideoFrame:
        with demuxing(self._path):
            first = next(self._frames, None)
        if first is not None:
            return first
        if self.trim.active and not self.damaged:
            raise UsageError(
                f"{self._path} has no picture between start and end",
                hint="check [[start]] and [[end]] against its length",
            )
        raise MediaError(
            f"{self._path}: none of its pictures can be decoded", hint="the file is damaged"
        )

    def _timed(self, raw: av.VideoFrame | None) -> Iterator[tuple[PlanarFrame, Fraction]]:
        """Yield each frame from ``raw`` on with the second at which it ends."""
        time_base = self._decoder.time_base
        while raw is not None:
            self._refuse_other_size(raw)
            frame = self._framed(raw)
            if self._stretch.start is not None and frame.pts * time_base < self._stretch.start:
                self._lead_damaged = self._decoder.damaged
            yield frame, (frame.pts + raw.duration) * time_base
            del frame, raw  # not held while the next is decoded
            with demuxing(self._path):
                raw = next(self._frames, None)

    def _framed(self, raw: av.VideoFrame) -> PlanarFrame:
        time_base = self._decoder.time_base
        return PlanarFrame(
            raw, pts=self._pts(raw), time_base=time_base, orientation=self._orientation
        )

    def _begin(self) -> av.VideoFrame | None:
        """Return the first frame of the stretch, and go on behind it from then on."""
        if self._first is None and self._stretch.seek is not None:
            self._first = self._first_of_stretch()
        return self._first

    def _part(self, begin: Fraction | None) -> Trim:
        """Return what is decoded, from ``begin`` to the end of the stretch."""
        end = self._stretch.end
        return Trim(begin, self.trim.end if end is None else end)

    def _first_of_stretch(self) -> av.VideoFrame | None:
        with demuxing(self._path):
            start, frame_s = self._stretch.start, self._decoder.usual_duration_s
            sparse_before = None if start is None else start - _DENSE * frame_s
            part = self._part(self._stretch.seek)
            self._frames = self._decoder.again(part, sparse_before=sparse_before)
            return next(self._frames, None)

    def _refuse_other_size(self, raw: av.VideoFrame) -> None:
        size, expected = (raw.width, raw.height), self.properties.size
        if size != expected:
            seconds = float(self._pts(raw) * self._decoder.time_base)
            raise MediaError(
                f"{self._path}: the picture changes from {expected[0]}x{expected[1]} to "
                f"{size[0]}x{size[1]} at {seconds:.2f} s",
                hint="use [[start]] and [[end]] to take the parts one by one",
            )

    @staticmethod
    def _pts(raw: av.VideoFrame) -> int:
        if raw.pts is None:
            raise ValueError("the decoder gives every frame a time")
        return raw.pts

    def _described(self, pixel_format: str) -> TargetInfo:
        stream = self.stream
        fps = self.rate or stream.average_rate or stream.guessed_rate
        begin, end = self._decoder.extent
        length = None if end is None else self.trim.length(begin, end)
        frames: int | None = stream.frames or None
        if frames is None or self.trim.active or self.rate is not None:
            frames = None if length is None or fps is None else max(1, round(length * fps))
        return TargetInfo(
            path=self._path,
            kind="video",
            size=self._orientation.size(self.properties.size),
            frames=frames,
            fps=fps,
            duration_s=None if length is None else float(length),
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=pixel_format,
        )
