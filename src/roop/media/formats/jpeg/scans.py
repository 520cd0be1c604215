"""Encode quantised blocks as the scans of a JPEG file, baseline or progressive."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roop.media.formats.jpeg.blocks import BlockImage, Blocks
from roop.media.formats.jpeg.dct import zigzag
from roop.media.formats.jpeg.huffman import HuffmanTable, pack_bits
from roop.media.formats.jpeg.layout import JpegLayout
from roop.media.formats.jpeg.segments import DHT, DQT, EOI, SOS, segment_bytes
from roop.media.formats.jpeg.symbols import CodingUnits, Symbols, symbols_of

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2

_CHUNK = 1 << 15
"""Approximate number of blocks that are coded at a time, to save memory."""

_LAST = 63
"""Index of the last coefficient of a block."""

_LOW_BAND = 5
"""Last coefficient of the first AC scan of luma in progressive files."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """The components of a scan, and its first and last coefficient."""

    planes: tuple[int, ...]
    first: int
    last: int


def encode_image(image: BlockImage) -> bytes:
    """Return quantisation tables, frame header, scans and the end marker."""
    scans = [_Scan(tuple(range(len(image.planes))), 0, _LAST)]
    if image.layout.progressive:
        scans = list(_progressive_scans(len(image.planes)))
    coefficients = [_zigzagged(blocks) for blocks in image.planes]
    coded = (_coded_scan(image.layout, coefficients, scan) for scan in scans)
    return _headers(image.layout) + b"".join(coded) + bytes([0xFF, EOI])


def _progressive_scans(planes: int) -> Iterator[_Scan]:
    yield _Scan(tuple(range(planes)), 0, 0)
    yield _Scan((0,), 1, _LOW_BAND)
    for plane in range(1, planes):
        yield _Scan((plane,), 1, _LAST)
    yield _Scan((0,), _LOW_BAND + 1, _LAST)


def _zigzagged(blocks: Blocks) -> NDArray[np.int16]:
    """Return ``(rows, columns, 64)`` in zigzag order."""
    rows, columns = blocks.shape[:2]
    return np.take(blocks.reshape(rows, columns, 64), zigzag(), axis=2)


def _headers(layout: JpegLayout) -> bytes:
    parts, deep = [], False
    for number, table in sorted(layout.tables.items()):
        values = table.ravel()[zigzag()]
        wide = bool(values.max() > 255)
        deep |= wide
        body = bytes([number | wide << 4]) + values.astype(">u2" if wide else "u1").tobytes()
        parts.append(segment_bytes(DQT, body))
    marker = _PROGRESSIVE if layout.progressive else _EXTENDED if deep else _BASELINE
    width, height = layout.size
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame += bytes([len(layout.components)])
    for part in layout.components:
        frame += bytes([part.identifier, part.sampling[0] << 4 | part.sampling[1], part.table])
    return b"".join(parts) + segment_bytes(marker, frame)


def _coded_scan(layout: JpegLayout, coefficients: list[NDArray[np.int16]], scan: _Scan) -> bytes:
    """Return the Huffman tables, the header and the data of a scan."""
    if len(scan.planes) > 1:
        units = _interleaved(layout, coefficients, scan)
    else:
        units = _single_component(coefficients[scan.planes[0]], scan)
    symbols = [symbols_of(part, runs=scan.first > 0) for part in units]
    counts = sum(np.bincount(part.keys, minlength=1024) for part in symbols)
    counts = np.asarray(counts, np.int64).reshape(4, 256)
    tables = {kind: HuffmanTable.for_counts(row) for kind, row in enumerate(counts) if row.any()}
    # The four kinds are DC and AC of the first table, then of the second.
    definitions = b"".join(
        segment_bytes(DHT, bytes([(kind & 1) << 4 | kind >> 1]) + table.definition)
        for kind, table in tables.items()
    )
    header = bytes([len(scan.planes)])
    for index in scan.planes:
        header += bytes([layout.components[index].identifier, _table_of(index) * 0x11])
    header += bytes([scan.first, scan.last, 0])
    return definitions + segment_bytes(SOS, header) + _entropy_coded(symbols, tables)


def _table_of(plane: int) -> int:
    """Return the number of a component's Huffman tables: 0 for luma, 1 for chroma."""
    return min(plane, 1)


def _entropy_coded(symbols: Iterable[Symbols], tables: dict[int, HuffmanTable]) -> bytes:
    """Return the bits of ``symbols``, with the zero that JPEG needs after every byte of ones."""
    lengths, codes = np.zeros(1024, np.uint8), np.zeros(1024, np.uint32)
    for kind, table in tables.items():
        lengths[256 * kind : 256 * (kind + 1)] = table.lengths
        codes[256 * kind : 256 * (kind + 1)] = table.codes
    data, bits = bytearray(), 0
    for part in symbols:
        values = codes[part.keys] << part.extra_lengths | part.extras
        sizes = lengths[part.keys] + part.extra_lengths
        packed = pack_bits(values, sizes, bits & 7)
        if bits & 7:
            data[-1] |= packed[0]
            packed = packed[1:]
        data += packed
        bits += int(sizes.sum(dtype=np.int64))
    if bits & 7:
        data[-1] |= 0xFF >> (bits & 7)
    return bytes(data).replace(b"\xff", b"\xff\0")


def _single_component(coefficients: NDArray[np.int16], scan: _Scan) -> Iterator[CodingUnits]:
    """Yield the blocks of one component row by row."""
    blocks = coefficients.reshape(-1, 64)
    table, before = _table_of(scan.planes[0]), 0
    for at in range(0, len(blocks), _CHUNK):
        part = blocks[at : at + _CHUNK]
        differences = None
        if scan.first == 0:
            dc = part[:, 0].astype(np.int32)
            differences, before = np.diff(dc, prepend=np.int32(before)), int(dc[-1])
        bands = np.ascontiguousarray(part[:, max(1, scan.first) : scan.last + 1])
        yield CodingUnits(bands, differences, np.full(len(part), table))


def _interleaved(
    layout: JpegLayout, coefficients: list[NDArray[np.int16]], scan: _Scan
) -> Iterator[CodingUnits]:
    """Yield the blocks of all components, one minimum coded unit after another."""
    columns, rows = (
        math.ceil(side / unit) for side, unit in zip(layout.size, layout.unit, strict=True)
    )
    sampling = [layout.components[index].sampling for index in scan.planes]
    per_unit = [horizontal * vertical for horizontal, vertical in sampling]
    step = max(1, _CHUNK // (columns * sum(per_unit)))
    before = [0] * len(scan.planes)
    for top in range(0, rows, step):
        height = min(step, rows - top)
        bands, differences = [], []
        for index, (horizontal, vertical) in enumerate(sampling):
            part = coefficients[scan.planes[index]][top * vertical : (top + height) * vertical]
            part = _whole_units(part, (height * vertical, columns * horizontal))
            part = part.reshape(height, vertical, columns, horizontal, 64).swapaxes(1, 2)
            units = part.reshape(height * columns, per_unit[index], 64)
            dc = units[..., 0].ravel().astype(np.int32)
            change = np.diff(dc, prepend=np.int32(before[index]))
            before[index] = int(dc[-1])
            differences.append(change.reshape(-1, per_unit[index]))
            bands.append(units[..., 1 : scan.last + 1])
        tables = np.repeat([_table_of(index) for index in scan.planes], per_unit)
        total = height * columns * sum(per_unit)
        yield CodingUnits(
            np.concatenate(bands, axis=1).reshape(total, scan.last),
            np.concatenate(differences, axis=1).ravel(),
            np.tile(tables, height * columns),
        )


def _whole_units(blocks: NDArray[np.int16], size: tuple[int, int]) -> NDArray[np.int16]:
    """Return ``(rows, columns, 64)`` padded to ``size`` (rows, columns) with flat blocks."""
    rows, columns = blocks.shape[:2]
    if (rows, columns) == size:
        return blocks
    grown = np.pad(blocks, ((0, size[0] - rows), (0, size[1] - columns), (0, 0)), mode="edge")
    grown[rows:, :, 1:] = 0
    grown[:, columns:, 1:] = 0
    return grown
