"""Which stretch of a target is used, and at which frame rate."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer

from roop.media.frames.planar_frame import PlanarFrame
from roop.options import VideoOptions

NTSC = Fraction(1000, 1001)
"""The factor behind rates such as 23.976 and 29.97."""


@dataclass(frozen=True, slots=True)
class Trim:
    """A stretch of the container's clock, in seconds; None is open."""

    start: Fraction | None
    end: Fraction | None

    @classmethod
    def of(cls, container: InputContainer, video: VideoOptions) -> "Trim":
        """Return what ``video`` asks for, counted from where ``container`` begins to play."""
        origin = Fraction(container.start_time or 0, av.time_base)
        return cls(_moment(video.start, origin), _moment(video.end, origin))

    @property
    def active(self) -> bool:
        """True if anything may be cut away."""
        return self.start is not None or self.end is not None

    def before(self, time: Fraction) -> bool:
        """Return True if ``time`` lies before the stretch."""
        return self.start is not None and time < self.start

    def after(self, time: Fraction) -> bool:
        """Return True if ``time`` lies behind the stretch."""
        return self.end is not None and time >= self.end

    def length(self, begin: Fraction, end: Fraction) -> Fraction:
        """Return how much of the seconds from ``begin`` to ``end`` is used."""
        first = begin if self.start is None else max(begin, self.start)
        last = end if self.end is None else min(end, self.end)
        return max(Fraction(0), last - first)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A part of a target that is read by itself, in seconds of the container's clock."""

    seek: Fraction | None
    """The keyframe at which reading begins; None where the target is read from its beginning."""
    start: Fraction | None
    """From where on frames belong to the part; those before it lead up to it. None: from the first.
    """
    end: Fraction | None
    """The first frame of the next part; None where the target is read to its end."""


WHOLE = TimeRange(None, None, None)
"""All of a target."""


def exact_rate(fps: float) -> Fraction:
    """Return the frame rate that a person means: 29.97 is 30000/1001."""
    whole = round(fps / float(NTSC))
    if whole > 0 and fps != round(fps) and abs(whole * float(NTSC) - fps) < 0.005:
        return whole * NTSC
    return Fraction(fps).limit_denominator(1001)


def resampled(
    frames: Iterator[tuple[PlanarFrame, Fraction]], rate: Fraction, until: Fraction | None = None
) -> Iterator[PlanarFrame]:
    """Give ``frames`` the constant ``rate``: leave some out, and say how often others repeat.

    Args:
        frames: Each with the time in seconds at which it ends.
        rate: Frames per second of the output.
        until: When the first frame after these is shown; where the last one ends by default.
    """
    held: tuple[PlanarFrame, Fraction, int] | None = None
    shown = 0
    for frame, end in frames:
        place = slot(frame.pts * frame.time_base, rate)
        if held is not None and place > held[2]:
            yield held[0].moved(held[2], 1 / rate, repeats=place - held[2])
            shown += 1
        held = frame, end, place if held is None else max(place, held[2])
    if held is not None:
        repeats = slot(held[1] if until is None else until, rate) - held[2]
        if repeats > 0 or not shown:
            yield held[0].moved(held[2], 1 / rate, repeats=max(1, repeats))


def slot(seconds: Fraction, rate: Fraction) -> int:
    """Return which frame of a constant rate is shown at ``seconds``."""
    return math.floor(seconds * rate + Fraction(1, 2))


def _moment(seconds: float | None, origin: Fraction) -> Fraction | None:
    if seconds is None:
        return None
    return origin + Fraction(seconds).limit_denominator(1_000_000)
