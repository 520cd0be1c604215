"""A stretch of encoded pictures in a file of its own, to be joined with others later.

No player opens such a file: what is in it does not carry the marks of an output yet. It holds the
packets to the bit as the encoder gave them, which containers made for playing do not.
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
"""pts, dts, duration in ticks of the encoder's clock; keyframe or not; bytes that follow."""


@dataclass(frozen=True, slots=True)
class PacketHead:
    """What is known of a packet without its content."""

    pts: int
    dts: int
    duration: int
    keyframe: bool
    size: int
    """Bytes."""


def write_packets(file: BinaryIO, packets: Iterable[Packet[VideoStream]]) -> None:
    """Append ``packets`` to a file that begins with ``MAGIC``."""
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            raise ValueError("an encoder gives every packet its times")
        head = packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe, packet.size
        file.write(_HEAD.pack(*head))
        file.write(bytes(packet))


def joined(paths: Sequence[Path], encoder: VideoEncoder) -> Iterator[Packet[Stream]]:
    """Yield the packets of stretches that follow one another, as one encoder would give them.

    Args:
        paths: One file for each stretch, in order.
        encoder: Opened as those were that made them; its packets these are.

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


def decoding_times(shown: Sequence[int]) -> list[int]:
    """Return when each packet is to be decoded: in their order, and none after it is shown.

    Every stretch brings decoding times of its own, and where frames differ in length those of one
    may reach into the next. These are what x264 makes of one stream.

    Args:
        shown: When each packet is shown, in decoding order; no two at once.
    """
    order = sorted(shown)
    places = {pts: place for place, pts in enumerate(order)}
    delay = max((number - places[pts] for number, pts in enumerate(shown)), default=0)
    if not delay:
        return order
    lead = order[delay] - order[0]
    return [pts - lead for pts in order[:delay]] + order[:-delay]


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
    return MediaError(f"{path} is damaged", hint="remove it, and the same command makes it again")
