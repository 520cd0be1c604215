"""Single frames of targets by number."""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from roop.errors import UsageError
from roop.media.open import open_reader
from roop.media.video.nth_frame import read_nth_frame
from roop.media.video.packet_times import PacketTimes, packet_times
from roop.options import VideoOptions
from roop.types import Frame

_REMEMBERED = 8
"""Targets whose frame times are kept."""

_LONGEST_WALK = 5000
"""Most frames that are decoded to reach one that cannot be sought."""


class TargetFrames:
    """Reads single frames, and keeps the frame times of the latest targets."""

    def __init__(self) -> None:
        self._clocks: OrderedDict[Path, PacketTimes | None] = OrderedDict()

    def read(self, target: Path, number: int) -> Frame:
        """Return the frame of this number, from 0.

        Raises:
            UsageError: There is none.
            MediaError: The target cannot be read.
        """
        with open_reader(target, VideoOptions(), _ignore) as reader:
            if reader.info.kind == "video":
                clock = self._clock(target)
                if clock is not None and number >= len(clock.presented):
                    raise _no_frame(number)
                frame = read_nth_frame(target, number, _ignore, times=clock) if clock else None
                if frame is not None:
                    return frame
            if not 0 <= number <= _LONGEST_WALK:
                raise _no_frame(number)
            found: Iterator[Frame] = islice(iter(reader), number, number + 1)
            frame = next(found, None)
        if frame is None:
            raise _no_frame(number)
        return frame

    def _clock(self, target: Path) -> PacketTimes | None:
        if target not in self._clocks:
            self._clocks[target] = packet_times(target)
            while len(self._clocks) > _REMEMBERED:
                self._clocks.popitem(last=False)
        self._clocks.move_to_end(target)
        return self._clocks[target]


def _no_frame(number: int) -> UsageError:
    return UsageError(f"there is no frame number {number}", hint="frames are counted from 0")


def _ignore(sentence: str) -> None:
    """Ignore a warning."""
