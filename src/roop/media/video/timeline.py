"""The part of a target that is used, and its frame rate."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer

from roop.media.frames.planar_frame import PlanarFrame
from roop.options import VideoOptions

NTSC = Fraction(1000, 1001)
"""Factor of rates such as 23.976 and 29.97."""


@dataclass(frozen=True, slots=True)
class Trim:
    """The part of a target that is kept, in seconds of the container's clock; None is open."""

    start: Fraction | None
    end: Fraction | None

    @classmethod
    def of(cls, container: InputContainer, video: VideoOptions) -> "Trim":
        """Return the trim of ``video``, which counts from the start of ``container``."""
        origin = Fraction(container.start_time or 0, av.time_base)
        return cls(_on_clock(video.start, origin), _on_clock(video.end, origin))

    @property
    def active(self) -> bool:
        """True if something may be cut away."""
        return self.start is not None or self.end is not None

    def before(self, time: Fraction) -> bool:
        """Return True if ``time`` is before the part."""
        return self.start is not None and time < self.start

    def after(self, time: Fraction) -> bool:
        """Return True if ``time`` is after the part."""
        return self.end is not None and time >= self.end

    def length(self, begin: Fraction, end: Fraction) -> Fraction:
        """Return how many of the seconds from ``begin`` to ``end`` are kept."""
        first = begin if self.start is None else max(begin, self.start)
        last = end if self.end is None else min(end, self.end)
        return max(Fraction(0), last - first)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A part of a target that is read separately, in seconds of the container's clock."""

    seek: Fraction | None
    """The keyframe to start decoding at; None for the start of the target."""
    start: Fraction | None
    """The first frame of the part; frames between ``seek`` and it only lead up to it. None for the
    first frame of the target."""
    end: Fraction | None
    """The first frame of the next part; None for the end of the target."""


WHOLE = TimeRange(None, None, None)
"""The whole target."""


def exact_rate(fps: float) -> Fraction:
    """Return the exact frame rate for a rounded one: 30000/1001 for 29.97."""
    whole = round(fps / float(NTSC))
    if whole > 0 and fps != round(fps) and abs(whole * float(NTSC) - fps) < 0.005:
        return whole * NTSC
    return Fraction(fps).limit_denominator(1001)


def resample(
    frames: Iterator[tuple[PlanarFrame, Fraction]], rate: Fraction, until: Fraction | None = None
) -> Iterator[PlanarFrame]:
    """Convert ``frames`` to a constant ``rate`` by leaving out some and repeating others.

    Args:
        frames: Each with the time in seconds at which it ends.
        rate: Frames per second of the output.
        until: Time in seconds of the first frame after these; the end of the last one by default.
    """
    held: tuple[PlanarFrame, Fraction, int] | None = None
    count = 0
    for frame, end in frames:
        number = frame_number(frame.pts * frame.time_base, rate)
        if held is not None and number > held[2]:
            yield held[0].at_time(held[2], 1 / rate, repeats=number - held[2])
            count += 1
        held = frame, end, number if held is None else max(number, held[2])
    if held is not None:
        repeats = frame_number(held[1] if until is None else until, rate) - held[2]
        if repeats > 0 or not count:
            yield held[0].at_time(held[2], 1 / rate, repeats=max(1, repeats))


def frame_number(seconds: Fraction, rate: Fraction) -> int:
    """Return the number of the frame that is shown at ``seconds`` at a constant rate."""
    return math.floor(seconds * rate + Fraction(1, 2))


def _on_clock(seconds: float | None, origin: Fraction) -> Fraction | None:
    if seconds is None:
        return None
    return origin + Fraction(seconds).limit_denominator(1_000_000)
