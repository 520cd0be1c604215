"""A file of encoded packets of one segment, joined with those of other segments later.

No player opens such a file, since its content does not carry the marks of an output yet. It keeps
packets exactly as the encoder returned them, which containers made for playing do not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from roop.errors import MediaError
from roop.media.video.encoder import VideoEncoder

MAGIC = b"roop packets 1\n"

_HEAD = struct.Struct("<qqq?I")
"""pts, dts, duration in ticks of the encoder's clock; keyframe flag; length of the content."""


@dataclass(frozen=True, slots=True)
class PacketHead:
    """A packet without its content."""

    pts: int
    dts: int
    duration: int
    keyframe: bool
    size: int
    """Length of the content, bytes."""


def write_packets(file: BinaryIO, packets: Iterable[Packet[VideoStream]]) -> None:
    """Append ``packets`` to a file that starts with ``MAGIC``."""
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            raise ValueError("the encoder returned a packet without times")
        head = packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe, packet.size
        file.write(_HEAD.pack(*head))
        file.write(bytes(packet))


def join_packets(paths: Sequence[Path], encoder: VideoEncoder) -> Iterator[Packet[Stream]]:
    """Yield the packets of consecutive segments as if one encoder had returned them.

    Args:
        paths: The file of each segment, in order.
        encoder: Opened with the same options as the encoders that made the files; the packets
            will belong to its stream.

    Raises:
        MediaError: A file is damaged.
    """
    heads = [head for path in paths for head, _ in _read(path, content=False)]
    packets = chain.from_iterable(_read(path, content=True) for path in paths)
    times = decoding_times([head.pts for head in heads])
    for (head, content), dts in zip(packets, times, strict=True):
        packet: Packet[Any] = Packet(content)
        packet.stream = encoder.stream
        packet.time_base = encoder.clock
        packet.pts, packet.dts, packet.duration = head.pts, dts, head.duration
        packet.is_keyframe = head.keyframe
        yield packet


def decoding_times(presented: Sequence[int]) -> list[int]:
    """Return the decoding time of each packet: increasing, and at most its presentation time.

    The decoding times in the files cannot be used: where frame durations differ, those of one
    segment may overlap with the next. These are the times that x264 gives to one stream.

    Args:
        presented: Presentation time of each packet, in decoding order, without duplicates.
    """
    order = sorted(presented)
    ranks = {pts: rank for rank, pts in enumerate(order)}
    delay = max((number - ranks[pts] for number, pts in enumerate(presented)), default=0)
    if not delay:
        return order
    delay_ticks = order[delay] - order[0]
    return [pts - delay_ticks for pts in order[:delay]] + order[:-delay]


def _read(path: Path, *, content: bool) -> Iterator[tuple[PacketHead, bytes]]:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise _damaged(path)
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise _damaged(path)
            found = PacketHead(*_HEAD.unpack(head))
            if not content:
                file.seek(found.size, 1)
                yield found, b""
                continue
            data = file.read(found.size)
            if len(data) < found.size:
                raise _damaged(path)
            yield found, data


def _damaged(path: Path) -> MediaError:
    return MediaError(f"{path} is damaged", hint="remove it and run the same command again")
