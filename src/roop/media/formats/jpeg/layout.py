"""What the headers of a JPEG file say about its blocks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roop.media.formats.jpeg.dct import Real, zigzag
from roop.media.formats.jpeg.segments import (
    APP0,
    APP14,
    DQT,
    FRAME_HEADERS,
    JpegSegment,
)

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2


@dataclass(frozen=True, slots=True)
class JpegComponent:
    """Y, Cb or Cr, or grey."""

    identifier: int
    """Its number in the file."""
    sampling: tuple[int, int]
    """Horizontal and vertical sampling factor (ITU-T T.81, A.1.1)."""
    table: int
    """Which quantisation table it uses."""


@dataclass(frozen=True, slots=True, eq=False)
class JpegLayout:
    """How a grey or YCbCr image is divided into blocks."""

    size: tuple[int, int]
    """(width, height) in pixels."""
    components: tuple[JpegComponent, ...]
    """One or three."""
    tables: Mapping[int, Real]
    """Quantisation tables, ``(8, 8)`` like a block, vertical frequency first."""
    progressive: bool
    interleaved: bool
    """True if one scan holds all components, unit by unit."""

    @property
    def unit(self) -> tuple[int, int]:
        """(width, height) in pixels of a minimum coded unit."""
        return (
            8 * max(part.sampling[0] for part in self.components),
            8 * max(part.sampling[1] for part in self.components),
        )

    def samples_of(self, part: JpegComponent, size: tuple[int, int]) -> tuple[int, int]:
        """Return (columns, rows) of the samples of ``part`` in an image of ``size``."""
        across, down = (
            math.ceil(side * 8 * factor / unit)
            for side, factor, unit in zip(size, part.sampling, self.unit, strict=True)
        )
        return across, down

    def blocks_of(self, part: JpegComponent) -> tuple[int, int]:
        """Return (columns, rows) of the blocks of ``part`` that hold visible pixels."""
        columns, rows = self.samples_of(part, self.size)
        return math.ceil(columns / 8), math.ceil(rows / 8)


def read_layout(head: list[JpegSegment]) -> JpegLayout | None:
    """Return the layout of an image from the segments up to its first scan.

    Returns:
        None if it is neither grey nor YCbCr, not of 8 bits, not coded with Huffman codes, or if
        the headers are damaged.
    """
    header = next((part for part in head if part.marker in FRAME_HEADERS), None)
    if header is None or header.marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE):
        return None
    body = header.body
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[0] != 8 or body[5] not in (1, 3):
        return None
    components = tuple(
        JpegComponent(body[at], (body[at + 1] >> 4, body[at + 1] & 15), body[at + 2])
        for at in range(6, 6 + 3 * body[5], 3)
    )
    tables = _tables(head)
    size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
    usable = all(min(part.sampling) and part.table in tables for part in components)
    if not usable or min(size) < 1 or _is_rgb(head, components):
        return None
    progressive = header.marker == _PROGRESSIVE
    interleaved = not progressive and head[-1].body[:1] == body[5:6]
    return JpegLayout(size, components, tables, progressive, interleaved)


def _tables(head: list[JpegSegment]) -> dict[int, Real]:
    """Return the quantisation tables by their numbers; none if they are damaged."""
    tables: dict[int, Real] = {}
    for part in head:
        at = 0
        while part.marker == DQT and at < len(part.body):
            dtype, number = np.dtype(">u2" if part.body[at] >> 4 else "u1"), part.body[at] & 15
            end = at + 1 + 64 * dtype.itemsize
            if end > len(part.body):
                return {}
            table = np.empty(64, np.float32)
            table[zigzag()] = np.frombuffer(part.body[at + 1 : end], dtype)
            if table.min() < 1:
                return {}
            tables[number] = table.reshape(8, 8)
            at = end
    return tables


def _is_rgb(head: list[JpegSegment], components: tuple[JpegComponent, ...]) -> bool:
    """Return True if the components are R, G and B, by the rules of libjpeg."""
    if any(part.marker == APP0 and part.body.startswith(b"JFIF\0") for part in head):
        return False
    for part in head:
        if part.marker == APP14 and part.body.startswith(b"Adobe") and len(part.body) >= 12:
            return len(components) == 3 and part.body[11] == 0
    return bytes(part.identifier for part in components) == b"RGB"
