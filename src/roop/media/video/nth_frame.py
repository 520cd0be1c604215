"""Reads one frame of a video by its number, from the keyframe before it."""

import bisect
from pathlib import Path

from roop.media.video.packet_times import packet_times
from roop.media.video.reader import VideoReader
from roop.media.video.timeline import TimeRange
from roop.options import VideoOptions
from roop.types import Frame, Warn


def numbered_frame(path: Path, number: int, warn: Warn) -> Frame | None:
    """Return the frame of this number, in the order in which frames are shown, from 0.

    Args:
        path: A video.
        number: Of the frame.
        warn: Hears of what is guessed.

    Returns:
        None if there is no such frame, or the video does not say without being decoded which it is.

    Raises:
        MediaError: It is no video, or cannot be decoded.
    """
    times = packet_times(path)
    # Pictures before the first keyframe are in the file and cannot be decoded.
    if times is None or not times.keys or times.keys[0] != times.shown[0]:
        return None
    if number >= len(times.shown):
        return None
    time = times.shown[number]
    key = times.keys[bisect.bisect_right(times.keys, time) - 1]
    stretch = TimeRange(key * times.time_base, None, None)
    with VideoReader(path, VideoOptions(), warn, stretch=stretch) as reader:
        for frame in reader:
            seconds = frame.pts * frame.time_base
            if seconds >= time * times.time_base or reader.damaged:
                exact = seconds == time * times.time_base and not reader.damaged
                return frame if exact else None
    return None
