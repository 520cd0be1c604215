"""Count the duration in the header of a Matroska file as the target does."""

import struct
from pathlib import Path

import av

FORMATS = frozenset({"matroska", "webm"})
"""FFmpeg's names of Matroska and its subset."""

_DURATION = b"\x44\x89\x88"
"""The element Duration, a float of 8 bytes, in milliseconds."""

_SEARCHED = 1 << 16


def count_duration_as(path: Path, target_us: int) -> None:
    """Count the duration of a file from its first frame on, if its target does so.

    FFmpeg counts from 0, other programs from the time of the first frame: where sound and pictures
    start later, the duration would grow with each of FFmpeg's files.

    Args:
        path: A complete file that FFmpeg has written; changed in place.
        target_us: Duration of the target in microseconds.
    """
    with av.open(str(path)) as container:
        start, duration = container.start_time or 0, container.duration or 0
    if start <= 0 or abs(duration - start - target_us) >= abs(duration - target_us):
        return
    with path.open("r+b") as file:
        at = file.read(_SEARCHED).find(_DURATION)
        if at >= 0:
            file.seek(at + len(_DURATION))
            file.write(struct.pack(">d", (duration - start) / 1000))
