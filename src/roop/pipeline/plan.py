"""Cuts a long target into segments: by the target and the options alone, never by the machine."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from roop.media.base import Reader
from roop.media.packet_times import PacketTimes
from roop.media.timeline import Stretch, Trim


@dataclass(frozen=True, slots=True)
class Pace:
    """How a target is cut."""

    seconds: Fraction = Fraction(10)
    """Length of a segment, about: it follows the target's keyframes."""
    lead: Fraction = Fraction(4)
    """Seconds that a segment looks at before its own, so that faces are known when it begins."""

    @property
    def least(self) -> Fraction:
        """Seconds from which a target is cut at all."""
        return self.seconds * Fraction(3, 2)


DEFAULT_PACE = Pace()
"""How targets are cut unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a target, done at one go."""

    number: int
    """From 0."""
    stretch: Stretch
    time: Fraction
    """Seconds from the beginning of the output."""
    frames: int
    """Of the target; damaged ones count."""
    lead: int
    """Frames between the keyframe at which decoding begins and the first one of its own."""

    @property
    def lead_fps(self) -> Fraction:
        """Frames per second between that keyframe and that one; 0 if there are none."""
        seek, start = self.stretch.seek, self.stretch.start
        if seek is None or start is None or seek == start:
            return Fraction(0)
        return self.lead / (start - seek)

    @property
    def clock(self) -> str:
        """``time`` as ``mm:ss``."""
        minutes, seconds = divmod(int(self.time), 60)
        return f"{minutes:02}:{seconds:02}"


def planned(target: Reader, pace: Pace) -> tuple[Segment, ...]:
    """Cut a target, unless it is short, no video, or one that cannot be read from the middle.

    Args:
        target: Opened; nothing is read of it here.
        pace: How long a segment is.

    Returns:
        As ``segments_of``.
    """
    length = target.info.duration_s
    if target.info.kind != "video" or (length is not None and length < pace.least):
        return ()
    from roop.media.packet_times import packet_times
    from roop.media.video_reader import VideoReader

    times = packet_times(target.info.path)
    if times is None or not isinstance(target, VideoReader):
        return ()
    return segments_of(times, target.trim, pace)


def segments_of(times: PacketTimes, trim: Trim, pace: Pace) -> tuple[Segment, ...]:
    """Cut a target.

    Each segment but the first begins some seconds behind a keyframe: decoding begins there, and
    the frames between lead up to it.

    Args:
        times: Of the target.
        trim: What of it is used.
        pace: How long a segment is.

    Returns:
        The segments in order; none if the target is too short to be cut.
    """
    unit = times.time_base
    shown = [t for t in times.shown if not trim.before(t * unit) and not trim.after(t * unit)]
    if len(shown) < 2 or (shown[-1] - shown[0]) * unit < pace.least:
        return ()
    cuts = _cuts(shown, times.keys, unit, pace)
    if not cuts:
        return ()
    ends = [first for _, first in cuts] + [len(shown)]
    segments = [Segment(0, Stretch(None, None, shown[ends[0]] * unit), Fraction(0), ends[0], 0)]
    for number, ((place, first), end) in enumerate(zip(cuts, ends[1:], strict=True), 1):
        until = shown[end] * unit if end < len(shown) else None
        stretch = Stretch(shown[place] * unit, shown[first] * unit, until)
        time = (shown[first] - shown[0]) * unit
        segments.append(Segment(number, stretch, time, end - first, first - place))
    return tuple(segments)


def _cuts(
    shown: Sequence[int], keys: Sequence[int], unit: Fraction, pace: Pace
) -> list[tuple[int, int]]:
    """Return the places in ``shown`` of a keyframe and of a first frame, for each cut."""
    cuts: list[tuple[int, int]] = []
    last = shown[0] * unit
    for key in keys:
        # Three quarters: with keyframes every 8 s a segment has 8 s, not 16.
        if key * unit - last < pace.seconds * Fraction(3, 4):
            continue
        place = bisect.bisect_left(shown, key)
        first = max(place + 1, bisect.bisect_left(shown, key + pace.lead / unit))
        if first >= len(shown) or (shown[-1] - shown[first]) * unit < pace.seconds / 2:
            break
        cuts.append((place, first))
        last = key * unit
    return cuts
