"""Split a long target into segments, depending on the target and the options alone."""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from roop.media.base import Reader
from roop.media.video.packet_times import PacketTimes
from roop.media.video.timeline import TimeRange, Trim


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the segments of a target are."""

    length: Fraction = Fraction(20)
    """Approximate seconds of a segment. Fewer segments mean fewer frames that are decoded twice."""
    lead: Fraction = Fraction(4)
    """Seconds decoded before a segment begins, so that its faces are known by then."""

    @property
    def min_length(self) -> Fraction:
        """Shortest target that is split, seconds."""
        return self.length * Fraction(3, 2)

    def with_short_segments(self) -> "Pace":
        """Return a pace with shorter segments, for work so slow that losing one costs a lot."""
        return replace(self, length=self.length / 2)


DEFAULT_PACE = Pace()
"""The pace of all jobs, except in tests."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a target."""

    number: int
    """From 0."""
    time_range: TimeRange
    time: Fraction
    """Seconds from the beginning of the output."""
    frames: int
    """Frames of the target, damaged ones included."""
    lead: int
    """Frames from the keyframe where decoding begins to the segment's first."""

    @property
    def lead_fps(self) -> Fraction:
        """Frames per second between these two; 0 if there are none."""
        seek, start = self.time_range.seek, self.time_range.start
        if seek is None or start is None or seek == start:
            return Fraction(0)
        return self.lead / (start - seek)

    @property
    def clock(self) -> str:
        """``time`` as ``mm:ss``."""
        minutes, seconds = divmod(int(self.time), 60)
        return f"{minutes:02}:{seconds:02}"

    def to_dict(self) -> dict[str, object]:
        """Return the segment as JSON has it."""
        time_range = asdict(self.time_range)
        times = {name: None if time is None else str(time) for name, time in time_range.items()}
        counts = {"number": self.number, "frames": self.frames, "lead": self.lead}
        return {**counts, "time": str(self.time), **times}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Segment":
        """Return the segment that ``to_dict`` wrote."""
        times = [data[name] for name in ("seek", "start", "end")]
        time_range = TimeRange(*(None if time is None else Fraction(time) for time in times))
        time = Fraction(data["time"])
        return Segment(data["number"], time_range, time, data["frames"], data["lead"])


def plan_segments(target: Reader, pace: Pace) -> tuple[Segment, ...]:
    """Split a target, unless it is short, no video, or cannot be decoded from the middle.

    Args:
        target: The open target; nothing is read from it here.
        pace: How long a segment is.

    Returns:
        As ``split_into_segments`` returns them.
    """
    length = target.info.duration_s
    if target.info.kind != "video" or (length is not None and length < pace.min_length):
        return ()
    from roop.media.video.packet_times import packet_times
    from roop.media.video.reader import VideoReader

    times = packet_times(target.info.path)
    if times is None or not isinstance(target, VideoReader):
        return ()
    return split_into_segments(times, target.trim, pace)


def split_into_segments(times: PacketTimes, trim: Trim, pace: Pace) -> tuple[Segment, ...]:
    """Split a target.

    Each segment but the first begins some seconds after a keyframe, at which decoding begins: the
    frames between are its lead.

    Args:
        times: Of the target.
        trim: Which part of it is used.
        pace: How long a segment is.

    Returns:
        The segments in order; none if the target is too short.
    """
    unit = times.time_base
    shown = [t for t in times.presented if not trim.before(t * unit) and not trim.after(t * unit)]
    if len(shown) < 2 or (shown[-1] - shown[0]) * unit < pace.min_length:
        return ()
    starts = _starts(shown, times.keyframes, unit, pace)
    if not starts:
        return ()
    ends = [first for _, first in starts] + [len(shown)]
    segments = [Segment(0, TimeRange(None, None, shown[ends[0]] * unit), Fraction(0), ends[0], 0)]
    for number, ((place, first), end) in enumerate(zip(starts, ends[1:], strict=True), 1):
        until = shown[end] * unit if end < len(shown) else None
        time_range = TimeRange(shown[place] * unit, shown[first] * unit, until)
        time = (shown[first] - shown[0]) * unit
        segments.append(Segment(number, time_range, time, end - first, first - place))
    return tuple(segments)


def _starts(
    shown: Sequence[int], keys: Sequence[int], unit: Fraction, pace: Pace
) -> list[tuple[int, int]]:
    """Return the indices in ``shown`` of each later segment's keyframe and first frame."""
    inside = keys[bisect.bisect_left(keys, shown[0]) : bisect.bisect_right(keys, shown[-1])]
    if not inside:
        return []
    begin, end = shown[0] * unit, shown[-1] * unit
    count = round((end - begin) / pace.length)
    starts: list[tuple[int, int]] = []
    last = begin
    for number in range(1, count):
        wanted = begin + (end - begin) * number / count
        key = _nearest(inside, (wanted - pace.lead) / unit)
        place = bisect.bisect_left(shown, key)
        first = max(place + 1, bisect.bisect_left(shown, key + pace.lead / unit))
        start = shown[min(first, len(shown) - 1)] * unit
        if min(start - last, end - start) >= pace.length / 2:
            starts.append((place, first))
            last = start
    return starts


def _nearest(sorted_values: Sequence[int], to: Fraction) -> int:
    place = bisect.bisect_left(sorted_values, to)
    return min(sorted_values[max(place - 1, 0) : place + 1], key=lambda value: abs(value - to))
