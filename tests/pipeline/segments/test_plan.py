"""How a target is cut: by its keyframes, into stretches that hold every frame once."""

from fractions import Fraction
from itertools import pairwise

import pytest

from roop.media.video.packet_times import PacketTimes
from roop.media.video.timeline import Trim
from roop.pipeline.segments.plan import Pace, split_into_segments

OPEN = Trim(None, None)


def clock(seconds: int, *, every: float, fps: int = 30) -> PacketTimes:
    """Return the times of a film with a keyframe ``every`` so many seconds."""
    shown = tuple(range(5, 5 + seconds * fps))
    return PacketTimes(Fraction(1, fps), shown, shown[:: round(every * fps)])


@pytest.mark.parametrize("every", [0.5, 1, 2.5, 4, 8, 10, 12])
def test_segments_hold_every_frame_once_and_begin_behind_a_keyframe(every: float) -> None:
    times = clock(95, every=every)
    segments = split_into_segments(times, OPEN, Pace())
    assert sum(s.frames for s in segments) == len(times.presented)
    assert (
        segments[0].time_range.seek
        is segments[0].time_range.start
        is segments[-1].time_range.end
        is None
    )
    assert all(a.time_range.end == b.time_range.start for a, b in pairwise(segments))
    keys = {key * times.time_base for key in times.keyframes}
    for segment in segments[1:]:
        seek, start = segment.time_range.seek, segment.time_range.start
        assert seek in keys
        assert start is not None
        assert start - seek == 4
        assert segment.lead == 120
    lengths = [float(b.time - a.time) for a, b in pairwise(segments)]
    assert all(12 <= length <= 26 for length in lengths)


def test_a_short_target_is_not_cut() -> None:
    assert split_into_segments(clock(29, every=1), OPEN, Pace()) == ()
    assert len(split_into_segments(clock(31, every=1), OPEN, Pace())) == 2


def test_a_target_with_one_keyframe_is_not_cut() -> None:
    assert split_into_segments(clock(100, every=100), OPEN, Pace()) == ()


def test_only_what_is_used_is_cut() -> None:
    trim = Trim(Fraction(20), Fraction(60))
    segments = split_into_segments(clock(95, every=1), trim, Pace())
    assert sum(s.frames for s in segments) == 40 * 30
    assert segments[0].time == 0
    assert all(20 < s.time_range.start < 60 for s in segments[1:] if s.time_range.start)


def test_rare_frames_far_apart() -> None:
    times = PacketTimes(Fraction(1), tuple(range(0, 700, 7)), tuple(range(0, 700, 7)))
    segments = split_into_segments(times, OPEN, Pace())
    assert sum(s.frames for s in segments) == 100
    assert all(s.lead == 1 for s in segments[1:])


@pytest.mark.parametrize(
    ("seconds", "pace", "count"),
    [
        (40, Pace(), 2),
        (600, Pace(), 30),
        (20, Pace().with_short_segments(), 2),
        (600, Pace().with_short_segments(), 60),
    ],
)
def test_slow_work_is_cut_into_shorter_segments(seconds: int, pace: Pace, count: int) -> None:
    segments = split_into_segments(clock(seconds, every=1), OPEN, pace)
    assert len(segments) == count
    longest, shortest = max(s.frames for s in segments), min(s.frames for s in segments)
    assert longest - shortest <= 2 * 30  # two keyframes: nobody waits long for the last one
