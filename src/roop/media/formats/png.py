"""Read and write PNG files of any depth, with their metadata chunks."""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from roop.media.formats import exif
from roop.media.formats.embedded import holds_picture, inflated
from roop.media.frames.stored_frame import StoredSamples
from roop.types import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""IHDR's colour type, by the number of channels."""

_BAND_BYTES = 1 << 19
_PALETTE_ONLY = frozenset({b"tRNS", b"bKGD", b"sBIT", b"hIST"})
_STRUCTURE = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"})
_PLAIN = frozenset({b"gIFg", b"gIFx", b"oFFs", b"pCAL", b"pHYs", b"sCAL", b"sTER", b"tIME"})
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PROFILE = b"raw profile type"
"""How the keys begin under which ImageMagick keeps EXIF and XMP a second time."""
_UNSAFE_BUT_TRUE = frozenset(
    {b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"tRNS"}
)
"""Chunks that the standard marks as unsafe to copy but that still apply after an edit."""


@dataclass(frozen=True, slots=True)
class PngChunk:
    """A chunk of a file."""

    name: bytes
    body: bytes

    def encode(self) -> bytes:
        """Return the bytes of the chunk."""
        check = zlib.crc32(self.body, zlib.crc32(self.name))
        return len(self.body).to_bytes(4, "big") + self.name + self.body + check.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class Ancillary:
    """The chunks of a file that describe its image."""

    before: tuple[PngChunk, ...]
    """Chunks before the pixels."""
    after: tuple[PngChunk, ...]
    """Chunks after the pixels."""


def chunks(file: BinaryIO) -> Iterator[PngChunk]:
    """Yield the chunks of an open file from its beginning to IEND.

    Raises:
        ValueError: The file ends early, or a chunk is longer than the file.
    """
    size = file.seek(0, 2)
    file.seek(len(SIGNATURE))
    while True:
        head = file.read(8)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or length > size - file.tell():
            raise ValueError("the file ends before its last chunk")
        yield PngChunk(head[4:], file.read(length))
        if head[4:] == b"IEND":
            return
        file.seek(4, 1)


def transfer_number(path: Path) -> int:
    """Return the number of a file's transfer function (H.273), 0 if it names none."""
    with path.open("rb") as file, suppress(ValueError):
        for part in chunks(file):
            if part.name == b"cICP" and len(part.body) == 4:
                return part.body[1]
            if part.name == b"IDAT":
                break
    return 0


def ancillary(parts: Iterable[PngChunk], *, expanded: bool) -> Ancillary:
    """Return the chunks of a file that still apply to the edited image.

    Args:
        parts: All chunks of the file.
        expanded: The image had a palette, or less than 8 bits per sample, but has not any more:
            chunks that refer to the old samples are left out.
    """
    before: list[PngChunk] = []
    after: list[PngChunk] = []
    current = before
    for part in parts:
        if part.name in (b"IDAT", b"fdAT"):
            current = after
        elif part.name not in _STRUCTURE and _still_true(part.name, expanded):
            current.append(part)
    return Ancillary(tuple(before), tuple(after))


def image_header(size: tuple[int, int], samples: StoredSamples) -> PngChunk:
    """Return the IHDR of a (width, height) image with the channels and depth of ``samples``."""
    form = bytes([8 * samples.itemsize, COLOUR_TYPES[samples.shape[2]], 0, 0, 0])
    return PngChunk(b"IHDR", size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big") + form)


def encode(samples: StoredSamples, extra: Ancillary) -> bytes:
    """Return a PNG file of ``(H, W, 1..4)`` samples with 8 or 16 bits."""
    size = samples.shape[1], samples.shape[0]
    parts = [
        image_header(size, samples),
        *extra.before,
        PngChunk(b"IDAT", compress(samples)),
        *extra.after,
        PngChunk(b"IEND", b""),
    ]
    return SIGNATURE + b"".join(part.encode() for part in parts)


def compress(samples: StoredSamples, level: int = 6) -> bytes:
    """Return the filtered, deflated scan lines of ``(H, W, 1..4)`` samples."""
    height = samples.shape[0]
    distance = samples.shape[2] * samples.itemsize
    big_endian = samples.astype(samples.dtype.newbyteorder(">"), copy=False)
    rows = np.ascontiguousarray(big_endian).view(np.uint8).reshape(height, -1)
    deflate = zlib.compressobj(level, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    step = max(1, _BAND_BYTES // max(1, rows.shape[1]))
    parts: list[bytes] = []
    for top in range(0, height, step):
        above = rows[top - 1] if top else np.zeros_like(rows[0])
        parts.append(
            deflate.compress(_filter_rows(rows[top : top + step], above, distance).tobytes())
        )
    parts.append(deflate.flush())
    return b"".join(parts)


def without_pictures(extra: Ancillary, pixels: Pixels | None = None) -> tuple[Ancillary, bool]:
    """Return the metadata chunks without pictures, and whether something was left out.

    Args:
        extra: The chunks of a target.
        pixels: The edited image, for the EXIF thumbnail; None to have none.
    """
    kept: list[tuple[PngChunk, ...]] = []
    left_out = False
    for parts in (extra.before, extra.after):
        screened = [_without_picture(part, pixels) for part in parts]
        left_out = left_out or any(lost for _, lost in screened)
        kept.append(tuple(part for part, _ in screened if part is not None))
    return Ancillary(*kept), left_out


def _without_picture(part: PngChunk, pixels: Pixels | None) -> tuple[PngChunk | None, bool]:
    if part.name == b"eXIf":
        block, lost = exif.without_pictures(part.body, pixels)
        return PngChunk(b"eXIf", block) if block else None, lost
    if part.name not in _TEXTS:
        return part, False
    if part.body.lower().startswith(_PROFILE) or holds_picture(readable_text(part)):
        return None, True
    return part, False


def readable_text(part: PngChunk) -> bytes:
    """Return a text chunk as it is stored and, if it is compressed, inflated; else nothing."""
    if part.name not in _TEXTS:
        return b""
    text = part.body.partition(b"\0")[2]
    return part.body + b"".join(inflated(text[at:]) for at in _starts(part.name, text))


def _starts(name: bytes, text: bytes) -> list[int]:
    """Return where in a text chunk, behind its key, compressed text begins."""
    if name == b"zTXt":
        return [1]
    if name == b"iTXt" and text[:1] == b"\1":
        language = text.find(b"\0", 2)
        return [text.find(b"\0", language + 1) + 1]
    return []


def _still_true(name: bytes, expanded: bool) -> bool:
    """Return True for the known chunks that hold neither pixels nor content credentials."""
    if expanded and name in _PALETTE_ONLY:
        return False
    return name in _UNSAFE_BUT_TRUE or name in _PLAIN or name in _TEXTS or name == b"eXIf"


def _filter_rows(
    rows: NDArray[np.uint8], above: NDArray[np.uint8], distance: int
) -> NDArray[np.uint8]:
    """Return scan lines with their filter bytes, each line with the filter of least residue.

    Source: PNG specification, third edition, section 12.7.
    """
    up = np.vstack([above[np.newaxis], rows[:-1]])
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, distance:] = rows[:, :-distance]
    corner[:, distance:] = up[:, :-distance]
    candidates = (rows, rows - left, rows - up, rows - _paeth(left, up, corner))
    residues = np.stack(
        [np.abs(residue.view(np.int8).astype(np.int16)).sum(axis=1) for residue in candidates]
    )
    best = residues.argmin(axis=0)
    lines = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    for index, residue in enumerate(candidates):
        chosen = best == index
        lines[chosen, 0] = 4 if index == 3 else index
        lines[chosen, 1:] = residue[chosen]
    return lines


def _paeth(
    left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    to_left = np.abs(up.astype(np.int16) - corner)
    to_up = np.abs(left.astype(np.int16) - corner)
    to_corner = np.abs(left.astype(np.int16) + up - 2 * corner.astype(np.int16))
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)
