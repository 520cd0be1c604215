"""Split packets of AMR sound, which some files store many frames in, as muxers want single ones."""

from __future__ import annotations

from collections.abc import Iterator

from av.packet import Packet
from av.stream import Stream

_FRAME_BYTES = {
    "amr_nb": (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1),
    "amr_wb": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1),
}
"""Length of a frame by its type, with the byte that holds the type (3GPP TS 26.101 and 26.201)."""


def frames(codec: str, data: bytes) -> list[bytes]:
    """Return the frames in ``data``; all of it in one piece if they do not fill it exactly."""
    sizes, found, at = _FRAME_BYTES[codec], [], 0
    while at < len(data):
        size = sizes[data[at] >> 3 & 15]
        found.append(data[at : at + size])
        at += size
    return found if at == len(data) else [data]


def single_frames(packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
    """Yield a packet for each frame of ``packet``; itself if it is not AMR or has one frame."""
    context = packet.stream.codec_context
    codec = "" if context is None else context.codec.canonical_name
    parts = frames(codec, bytes(packet)) if codec in _FRAME_BYTES else []
    if len(parts) < 2 or packet.pts is None:
        yield packet
        return
    length = (packet.duration or 0) // len(parts)
    for number, part in enumerate(parts):
        single: Packet[Stream] = Packet(part)
        single.time_base, single.duration = packet.time_base, length
        single.pts = single.dts = packet.pts + number * length
        single.is_keyframe = True
        yield single
