"""Read one frame of a video by its number, decoding from the keyframe before it."""

import bisect
from pathlib import Path

from roop.media.video.packet_times import PacketTimes, packet_times
from roop.media.video.reader import VideoReader
from roop.media.video.timeline import TimeRange
from roop.options import VideoOptions
from roop.types import Frame, Warn


def read_nth_frame(
    path: Path, number: int, warn: Warn, *, times: PacketTimes | None = None
) -> Frame | None:
    """Return the frame with this number in presentation order.

    Args:
        path: A video.
        number: Index of the frame, from 0.
        warn: Called for what is guessed.
        times: Those of the video, if they are known: a long one takes a while to read.

    Returns:
        None if there is no such frame, or if it can only be found by decoding the whole video.

    Raises:
        MediaError: The file is not a video, or cannot be decoded.
    """
    times = times or packet_times(path)
    # Frames before the first keyframe cannot be decoded.
    if times is None or not times.keyframes or times.keyframes[0] != times.presented[0]:
        return None
    if number >= len(times.presented):
        return None
    time = times.presented[number]
    key = times.keyframes[bisect.bisect_right(times.keyframes, time) - 1]
    time_range = TimeRange(key * times.time_base, None, None)
    with VideoReader(path, VideoOptions(), warn, time_range=time_range) as reader:
        for frame in reader:
            seconds = frame.pts * frame.time_base
            if seconds >= time * times.time_base or reader.damaged:
                exact = seconds == time * times.time_base and not reader.damaged
                return frame if exact else None
    return None
