"""Read what is left of a damaged picture: its end is cut off, or only a text in it is damaged."""

import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from roop.media.formats import png
from roop.media.formats.image_files import open_image
from roop.media.formats.kinds import ImageFormat, row_of

_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_LONGEST_BLOCK = 255

_LEAST = 0.7
"""Share of the rows that must be there: less of a picture is no picture."""

_LARGEST = 1 << 30
"""Bytes of a file up to which it is mended: its content is read into memory."""

_SCANS = 3
"""Scans of a progressive JPEG that show more than blocks of colour."""


@dataclass(frozen=True, slots=True)
class MendedFile:
    """The bytes of a file that a decoder reads to the end."""

    data: bytes
    loss: str
    """What is lost, in words."""


def mend(path: Path, found: ImageFormat) -> MendedFile | None:
    """Return a file that can be read in place of a damaged one; None if that is hopeless.

    Raises:
        OSError: The file cannot be read.
        MediaError: The image is too large.
    """
    menders: dict[ImageFormat, Callable[[bytes], MendedFile | None]] = {
        "JPEG": _jpeg,
        "GIF": _gif,
        "PNG": _png,
    }
    if found not in menders or path.stat().st_size > _LARGEST:
        return None
    if found == "PNG":  # its header may be what cannot be read
        return _png(path.read_bytes())
    with open_image(path) as image:  # refuses a size that would exhaust the memory
        height = image.height
    data = path.read_bytes()
    if data.count(_SCAN) < _SCANS and _rows(found, data) < _LEAST * height:
        return None
    return menders[found](data)


def _rows(found: ImageFormat, data: bytes) -> int:
    """Return how many rows of an image are decoded before its data end."""
    try:
        with row_of(found).open_class()(io.BytesIO(data)) as image:
            with suppress(OSError):
                image.load()
            _, rows = image.im.getprojection()  # 1 for each row that is not all zero
            return sum(rows)
    except (OSError, SyntaxError, ValueError, IndexError, AttributeError, AssertionError):
        return 0  # Pillow asserts that something was decoded


def _jpeg(data: bytes) -> MendedFile | None:
    """Add the end marker: the decoder fills what is missing with grey."""
    if _SCAN not in data or data.rstrip(b"\0").endswith(_END):
        return None
    return MendedFile(data.removesuffix(b"\xff") + _END, "its end is missing and left grey")


def _gif(data: bytes) -> MendedFile | None:
    """Fill the last image with its first colour."""
    at = _last_image(data)
    if at is None:
        return None
    block, size = at, len(data)
    while block < size and data[block]:
        block += 1 + data[block]
    if block < size:
        return None
    sides = data[6:10]
    width, height = int.from_bytes(sides[:2], "little"), int.from_bytes(sides[2:], "little")
    missing = bytes(block - size)
    # A code has at most 12 bits, and code 0 draws one pixel of the first colour.
    blocks = min(width * height, 1 << 24) * 12 // 8 // _LONGEST_BLOCK + 1
    filler = (bytes([_LONGEST_BLOCK]) + bytes(_LONGEST_BLOCK)) * blocks
    return MendedFile(data + missing + filler + b"\0;", "its end is missing and left empty")


def _last_image(data: bytes) -> int | None:
    """Return the offset of the first sub-block of the only image of a GIF file."""
    if len(data) < 13:
        return None
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while at < len(data) and data[at : at + 1] == b"!":
        at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    if data[at : at + 1] != b"," or len(data) < at + 11:
        return None
    flags = data[at + 9]
    return at + 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _png(data: bytes) -> MendedFile | None:
    """Leave out texts, and other chunks with a wrong checksum that viewers can do without."""
    parts, at, lost = [data[:8]], 8, False
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunk, name = data[at : at + 12 + length], data[at + 4 : at + 8]
        optional = name[:1].islower()
        wrong = int.from_bytes(chunk[-4:], "big") != zlib.crc32(chunk[4:-4])
        if name in _TEXTS or (optional and wrong):
            lost = True
        else:
            parts.append(chunk)
        at += len(chunk)
    if not lost or not data.startswith(png.SIGNATURE):
        return None
    return MendedFile(b"".join(parts), "damaged texts or descriptions in it are left out")
