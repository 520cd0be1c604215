"""MPEG transport streams whose table of streams names other types."""

from pathlib import Path

_PACKET = 188
_POLYNOMIAL = 0x04C11DB7


def retyped(path: Path, old: int, new: int, registration: bytes) -> Path:
    """Change a stream's type in place, as in ISO 13818-1, table 2-34.

    Args:
        path: A film as FFmpeg writes it: each program map fills one packet.
        old: The type of the stream to change.
        new: Its new type.
        registration: Four letters that say what private types mean.
    """
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), _PACKET):
        packet = data[at : at + _PACKET]
        if packet[1] & 0x40 and packet[4] == 0 and packet[5] == 2:
            end = 8 + (int.from_bytes(packet[6:8], "big") & 0xFFF)
            section = _section(packet[5:end], old, new, b"\x05\x04" + registration)
            data[at + 5 : at + 5 + len(section)] = section
    path.write_bytes(data)
    return path


def _section(section: bytearray, old: int, new: int, descriptor: bytes) -> bytes:
    program = section[:10] + (0xF000 | len(descriptor)).to_bytes(2, "big") + descriptor
    streams = section[12 + (int.from_bytes(section[10:12], "big") & 0xFFF) : -4]
    at = 0
    while at < len(streams):
        if streams[at] == old:
            streams[at] = new
        at += 5 + (int.from_bytes(streams[at + 3 : at + 5], "big") & 0xFFF)
    whole = program + streams
    whole[1:3] = (0xB000 | len(whole) + 1).to_bytes(2, "big")
    return bytes(whole + _checksum(whole).to_bytes(4, "big"))


def _checksum(data: bytes) -> int:
    check = 0xFFFFFFFF
    for byte in data:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (_POLYNOMIAL if check & 0x80000000 else 0)) & 0xFFFFFFFF
    return check
