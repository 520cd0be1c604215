"""Split a JPEG file into its segments (ITU-T T.81, annex B)."""

from dataclasses import dataclass

SOI, EOI, SOS, DQT, DHT = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4
APP0, APP1, APP2, APP11, APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
APP14, APP15, COM = 0xEE, 0xEF, 0xFE

FRAME_HEADERS = frozenset(
    {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
)
"""Markers of a frame header; each says how the image is coded."""

_BARE = frozenset({0x00, 0x01, 0xFF, SOI, *range(0xD0, 0xD8)})
"""Markers without a length, which are skipped before the first scan."""


@dataclass(frozen=True, slots=True)
class JpegSegment:
    """A marker and its payload."""

    marker: int
    body: bytes
    """The payload, without the two bytes of its length."""
    offset: int
    """Where ``body`` starts in the file."""

    @property
    def descriptive(self) -> bool:
        """True if it describes the image (APPn, COM) and decoding works without it."""
        return APP0 <= self.marker <= APP15 or self.marker == COM

    def encode(self) -> bytes:
        """Return the segment's bytes."""
        return segment_bytes(self.marker, self.body)


def segment_bytes(marker: int, body: bytes) -> bytes:
    """Return the bytes of a segment: marker, length, ``body``."""
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def header_segments(data: bytes) -> list[JpegSegment]:
    """Return the segments up to and including the header of the first scan.

    Raises:
        ValueError: The file ends before its first scan.
    """
    found: list[JpegSegment] = []
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in _BARE:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(JpegSegment(data[at + 1], data[at + 4 : at + 2 + length], at + 4))
        if data[at + 1] == SOS:
            return found
        at += 2 + length
    raise ValueError("the file ends before its first scan")


def has_more(data: bytes) -> bool:
    """Return True if a depth map, a video or another image follows the image."""
    head = header_segments(data)
    if any(part.marker == APP2 and part.body.startswith(b"MPF\0") for part in head):
        return True
    end = image_end(data, head[-1].offset)
    return len(data[end:].strip(b"\0\xff\n\r")) > 4


def comments_between_scans(data: bytes, scan: int) -> list[JpegSegment]:
    """Return the comments of the image behind its first scan, which starts at ``scan``."""
    found, at, end = [], scan, image_end(data, scan)
    while 0 <= (at := data.find(bytes([0xFF, COM]), at)) < end - 4:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(JpegSegment(COM, data[at + 4 : at + 2 + length], at + 4))
        at += 2 + length
    return found


def image_end(data: bytes, scan: int) -> int:
    """Return the offset behind the image whose first scan starts at ``scan``."""
    at = scan
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker == EOI:
            return at + 2
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
        else:  # tables between the scans of a progressive file
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return len(data)
