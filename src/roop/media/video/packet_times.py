"""Read the presentation times and keyframes of a video without decoding it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Discard

from roop.media.video.opening import open_target, video_stream


@dataclass(frozen=True, slots=True)
class PacketTimes:
    """The times of a video's packets, in ticks."""

    time_base: Fraction
    """Seconds per tick."""
    presented: tuple[int, ...]
    """Presentation time of every frame, increasing."""
    keyframes: tuple[int, ...]
    """Presentation times of the keyframes, where decoding can start."""


def packet_times(path: Path) -> PacketTimes | None:
    """Read the whole file and return the times of its video packets.

    Returns:
        None if time does not identify a frame: packets without times, or times that go back.

    Raises:
        MediaError: The file is not a video.
    """
    with open_target(path) as container:
        stream = video_stream(container, path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        presented: list[int] = []
        keyframes: list[int] = []
        latest: int | None = None
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.pts is None:
                    return None
                if packet.is_discard:
                    continue  # an edit list excludes it
                if packet.is_keyframe:
                    if latest is not None and packet.pts <= latest:
                        return None
                    keyframes.append(packet.pts)
                latest = packet.pts if latest is None else max(latest, packet.pts)
                presented.append(packet.pts)
        except av.FFmpegError:
            return None  # a damaged file is read from start to end, which skips the damage
        time_base = stream.time_base or Fraction(1, av.time_base)
    distinct = tuple(sorted(set(presented)))
    return (
        PacketTimes(time_base, distinct, tuple(sorted(keyframes)))
        if len(distinct) == len(presented)
        else None
    )
