"""Reads when the pictures of a video are shown, and where decoding can begin, without decoding."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Discard

from roop.media.video.opening import open_target, video_stream


@dataclass(frozen=True, slots=True)
class PacketTimes:
    """The clock of a video, in ticks."""

    time_base: Fraction
    """Seconds per tick."""
    shown: tuple[int, ...]
    """When each picture is shown, in that order."""
    keys: tuple[int, ...]
    """Those at which decoding can begin."""


def packet_times(path: Path) -> PacketTimes | None:
    """Return the times of a video's packets; reads the whole file.

    Returns:
        None if places in the file cannot be told by time: pictures without times, or a clock that
        goes back.

    Raises:
        MediaError: It is no video.
    """
    with open_target(path) as container:
        stream = video_stream(container, path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        shown: list[int] = []
        keys: list[int] = []
        latest: int | None = None
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.pts is None:
                    return None
                if packet.is_discard:
                    continue  # an edit list leaves it out
                if packet.is_keyframe:
                    if latest is not None and packet.pts <= latest:
                        return None
                    keys.append(packet.pts)
                latest = packet.pts if latest is None else max(latest, packet.pts)
                shown.append(packet.pts)
        except av.FFmpegError:
            return None  # a damaged file is read in one go, which gets past damage
        time_base = stream.time_base or Fraction(1, av.time_base)
    distinct = tuple(sorted(set(shown)))
    return (
        PacketTimes(time_base, distinct, tuple(sorted(keys)))
        if len(distinct) == len(shown)
        else None
    )
