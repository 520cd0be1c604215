"""Read and patch an EXIF block in place: its orientation and the pictures inside of it."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
from PIL import Image

from roop.media.formats.embedded import holds_picture
from roop.types import Pixels

_ORIENTATION, _THUMBNAIL_AT, _THUMBNAIL_LENGTH = 0x0112, 0x0201, 0x0202
_PICTORIAL = frozenset({0x0111, 0x0144, 0x014A, 0x0201, 0x8649, 0x935C})
"""Tags of strips, tiles, further directories, previews and layers."""
_EXIF, _GPS, _MAKER_NOTE = 0x8769, 0x8825, 0x927C
_MOST_BYTES = 1024
"""Longest binary value that is taken over from a block with pictures."""
_SHORT, _LONG = 3, 4


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    kind: int
    offset: int
    """Offset of the value in the block."""
    value: int
    """The first number, if it is a short or long inside the entry."""


def orientation(exif: bytes) -> int:
    """Return the orientation 1..8 of an EXIF block (a TIFF structure); 1 if it has none."""
    for entry in _entries(exif, 0):
        if entry.tag == _ORIENTATION and 1 <= entry.value <= 8:
            return entry.value
    return 1


def upright(exif: bytes) -> bytes:
    """Return the block with its orientation set to 1, for pixels that have been turned."""
    patched = bytearray(exif)
    for entry in _entries(exif, 0):
        if entry.tag == _ORIENTATION:
            struct.pack_into(_order(exif) + "HH", patched, entry.offset, 1, 0)
    return bytes(patched)


def without_pictures(exif: bytes, pixels: Pixels | None) -> tuple[bytes, bool]:
    """Return the block with a new thumbnail at most, as it may hold others of the old face.

    Args:
        exif: A TIFF structure, as in the file.
        pixels: The edited image in its stored orientation; None to have no thumbnail.

    Returns:
        The block, and whether something was left out. It has the same length, with everything else
        at the same offset, unless there are pictures other than the usual thumbnail: then it is
        written again without them and without the notes of the camera's maker.
    """
    if not exif:
        return exif, False
    place = _thumbnail_place(exif)
    rest = exif if place is None else exif[: place.start] + exif[place.stop :]
    tags = {entry.tag for entry in _entries(exif, 0)}
    second = {entry.tag for entry in _entries(exif, 1)}
    other = bool(second) and place is None
    odd = tags & _PICTORIAL or second & (_PICTORIAL - {_THUMBNAIL_AT}) or any(_entries(exif, 2))
    if other or odd or holds_picture(rest[8:]):
        return _plain(exif), True
    if place is not None and pixels is None:
        return _plain(exif), False
    return (exif if pixels is None else replace_thumbnail(exif, pixels)), False


def _thumbnail_place(exif: bytes) -> slice | None:
    """Return where the usual thumbnail lies."""
    entries = {entry.tag: entry.value for entry in _entries(exif, 1)}
    start, length = entries.get(_THUMBNAIL_AT, 0), entries.get(_THUMBNAIL_LENGTH, 0)
    return slice(start, start + length) if 0 < length <= len(exif) - start else None


def _plain(exif: bytes) -> bytes:
    """Return the block written again, with its simple values only; empty if it cannot be read."""
    block = Image.Exif()
    try:
        block.load(exif)
        for directory in (block, block.get_ifd(_EXIF), block.get_ifd(_GPS)):
            for tag, value in list(directory.items()):
                long = isinstance(value, bytes) and len(value) > _MOST_BYTES
                if tag in _PICTORIAL or tag == _MAKER_NOTE or long or _shows(value):
                    del directory[tag]
        plain = block.tobytes()
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return b""
    return b"" if holds_picture(plain[8:]) else plain.removeprefix(b"Exif\0\0")


def _shows(value: object) -> bool:
    return (
        holds_picture(value.encode("utf-8", "replace") if isinstance(value, str) else value)
        if (isinstance(value, str | bytes))
        else False
    )


def replace_thumbnail(exif: bytes, pixels: Pixels) -> bytes:
    """Return the block with a new thumbnail, if it has one: the old one shows the old face.

    Args:
        exif: A TIFF structure, as in the file.
        pixels: The edited image in its stored orientation.

    Returns:
        A block of the same length, with everything else at the same offset.
    """
    entries = {entry.tag: entry for entry in _entries(exif, 1)}
    if _THUMBNAIL_AT not in entries or _THUMBNAIL_LENGTH not in entries:
        return exif
    start, length = entries[_THUMBNAIL_AT].value, entries[_THUMBNAIL_LENGTH].value
    if not 0 < length <= len(exif) - start:
        return exif
    jpeg = _encode_thumbnail(exif[start : start + length], pixels)
    patched = bytearray(exif)
    patched[start : start + length] = jpeg.ljust(length, b"\0")
    struct.pack_into(
        _order(exif) + _format(entries[_THUMBNAIL_LENGTH].kind),
        patched,
        entries[_THUMBNAIL_LENGTH].offset,
        len(jpeg),
    )
    return bytes(patched)


def _encode_thumbnail(old: bytes, pixels: Pixels) -> bytes:
    """Return a JPEG no larger than ``old`` in pixels and bytes; empty if that is impossible."""
    try:
        with Image.open(io.BytesIO(old), formats=["JPEG"]) as image:
            longest = max(image.size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return b""
    scale = min(1.0, longest / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = Image.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    for quality in (90, 80, 70, 55, 40, 25, 10):
        stream = io.BytesIO()
        small.save(stream, "JPEG", quality=quality)
        if stream.tell() <= len(old):
            return stream.getvalue()
    return b""


def _order(exif: bytes) -> str:
    return ">" if exif[:2] == b"MM" else "<"


def _format(kind: int) -> str:
    return "H" if kind == _SHORT else "I"


def _entries(exif: bytes, directory: int) -> Iterator[_Entry]:
    """Yield the entries of the first (0) or second (1) directory, up to damage."""
    order = _order(exif)
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        for _ in range(directory):
            (count,) = struct.unpack_from(order + "H", exif, at)
            (at,) = struct.unpack_from(order + "I", exif, at + 2 + 12 * count)
            if at == 0:
                return
        (count,) = struct.unpack_from(order + "H", exif, at)
        for index in range(count):
            here = at + 2 + 12 * index
            tag, kind = struct.unpack_from(order + "HH", exif, here)
            number = _format(kind) if kind in (_SHORT, _LONG) else "I"
            (value,) = struct.unpack_from(order + number, exif, here + 8)
            yield _Entry(tag, kind, here + 8, value)
    except struct.error:
        return
