"""XMP packets in files: JPEG, PNG, WebP, GIF, TIFF, AVIF, MP4 and MOV."""

import io
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from roop.errors import MediaError
from roop.media.formats import png, webp
from roop.media.formats.jpeg.segments import JpegSegment, header_segments

Merge = Callable[[bytes, int], bytes]
"""Return the new packet for a file's packet, which is empty if it has none, in so many bytes."""

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_ROOM = 65533
_PNG_XMP = b"XML:com.adobe.xmp"
_GIF_XMP = b"!\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
_TIFF_XMP = 700
_ROOMY = 1 << 24
_CLAIM = re.compile(rb"xmpmeta|rdf:RDF|digitalsourcetype", re.IGNORECASE)
"""What texts and comments that hold another packet, or parts of one, contain."""
_PART = 16 << 20
"""Bytes to search for a packet at either end of a file."""
_MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The identifier of the box that holds XMP in ISO files (XMP specification, part 3)."""


def add_xmp(path: Path, merge: Merge) -> bool:
    """Add a packet to a file, in place.

    Returns:
        False if the format is not supported.
    """
    suffix = path.suffix.lower()
    if suffix in (".mp4", ".m4v", ".mov"):
        _append_box(path, merge(b"", _ROOMY))
        return True
    with_xmp = {
        ".jpg": jpeg_with_xmp,
        ".jpeg": jpeg_with_xmp,
        ".jpe": jpeg_with_xmp,
        ".jfif": jpeg_with_xmp,
        ".png": png_with_xmp,
        ".apng": png_with_xmp,
        ".webp": webp_with_xmp,
        ".gif": gif_with_xmp,
        ".tif": tiff_with_xmp,
        ".tiff": tiff_with_xmp,
        ".avif": avif_with_xmp,
    }.get(suffix)
    if with_xmp is None:
        return False
    path.write_bytes(with_xmp(path.read_bytes(), merge))
    return True


def jpeg_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the JPEG file with its packet merged, and without any other."""
    head = header_segments(data)
    parts = [part for part in head if part.descriptive]
    old = next((p for p in parts if p.marker == 0xE1 and p.body.startswith(_JPEG_XMP)), None)
    packet = merge(old.body.removeprefix(_JPEG_XMP) if old else b"", _JPEG_ROOM - len(_JPEG_XMP))
    new = JpegSegment(0xE1, _JPEG_XMP + packet, 0)
    kept = [part for part in parts if part.body.startswith(b"Exif\0") or not _claims(part.body)]
    # After JFIF and EXIF, which must come first.
    first = [part for part in kept if part.marker == 0xE0 or part.body.startswith(b"Exif\0")]
    others = [part for part in kept if part not in first]
    coding = next(part for part in head if not part.descriptive)
    tables = _without_descriptions(data, head, coding.offset - 4)
    return data[:2] + b"".join(part.encode() for part in (*first, new, *others)) + tables


def _claims(text: bytes) -> bool:
    """Return True if a text or comment may hold a packet, in UTF-8 or UTF-16."""
    return text.startswith((_JPEG_XMP, _PNG_XMP)) or bool(_CLAIM.search(text.replace(b"\0", b"")))


def _without_descriptions(data: bytes, head: Sequence[JpegSegment], start: int) -> bytes:
    """Return the file from ``start`` on, without descriptive segments between its tables."""
    kept, at = bytearray(), start
    for part in head:
        if part.descriptive and part.offset > start:
            kept += data[at : part.offset - 4]
            at = part.offset + len(part.body)
    return bytes(kept) + data[at:]


def png_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the PNG file with its packet merged, and without any other."""
    parts = list(png.chunks(io.BytesIO(data)))
    old = next(
        (p for p in parts if p.name == b"iTXt" and p.body.startswith(_PNG_XMP + b"\0")), None
    )
    packet = merge(_png_text(old.body) if old else b"", _ROOMY)
    new = png.PngChunk(b"iTXt", _PNG_XMP + b"\0\0\0\0\0" + packet)
    others = [part for part in parts if not _claims(png.readable_text(part))]
    others.insert(1, new)  # after IHDR
    return png.SIGNATURE + b"".join(part.encode() for part in others)


def webp_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the WebP file with its packet merged, in the extended form."""
    parts = list(webp.chunks(io.BytesIO(data)))
    old = next((part for part in parts if part.name == b"XMP "), None)
    packet = merge(old.body if old else b"", _ROOMY)
    parts = [part for part in parts if part.name != b"XMP "]
    if parts[0].name != b"VP8X":
        parts.insert(0, _webp_header(parts[0]))
    header = parts[0].body
    parts[0] = webp.RiffChunk(b"VP8X", bytes([header[0] | 0x04]) + header[1:])
    body = b"WEBP" + b"".join(part.encode() for part in [*parts, webp.RiffChunk(b"XMP ", packet)])
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def gif_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the GIF file with its packet merged, and without any other."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    old, kept, start = b"", bytearray(), at
    while at < len(data) and data[at : at + 1] in (b"!", b","):
        begin, extension = at, data[at : at + 1] == b"!"
        at += 2 if extension else 11 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        block = data[begin:at]
        is_packet = block.startswith(_GIF_XMP)
        if is_packet and not old:
            old = block[len(_GIF_XMP) :].removesuffix(_GIF_TRAILER)
        described = extension and block[1:2] in (b"\xff", b"\xfe", b"\x01")
        if not (is_packet or (described and _claims(block))):
            kept += block
    rest = bytes(kept) + data[at:]
    return b"GIF89a" + data[6:start] + _GIF_XMP + merge(old, _ROOMY) + _GIF_TRAILER + rest


def tiff_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the TIFF file with its packet merged; a new first directory is appended."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", data, 2) != (42,):
        return data  # BigTIFF is read, never written
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = [data[at + 2 + 12 * n : at + 14 + 12 * n] for n in range(count)]
    following = data[at + 2 + 12 * count : at + 6 + 12 * count]
    old, body = b"", data + b"\0" * (len(data) & 1)
    for entry in entries:
        tag, _, length, where = struct.unpack(order + "HHII", entry)
        if tag == _TIFF_XMP and length > 4:
            old = data[where : where + length]
            body = body[:where] + b"\0" * len(old) + body[where + len(old) :]
    packet = merge(old, _ROOMY)
    entry = struct.pack(order + "HHII", _TIFF_XMP, 1, len(packet), len(body))
    body += packet + b"\0" * (len(packet) & 1)
    others = [e for e in entries if struct.unpack_from(order + "H", e) != (_TIFF_XMP,)]
    ordered = sorted([*others, entry], key=lambda e: struct.unpack_from(order + "H", e))
    directory = struct.pack(order + "H", len(ordered)) + b"".join(ordered) + following
    return body[:4] + struct.pack(order + "I", len(body)) + body[8:] + directory


def avif_with_xmp(data: bytes, merge: Merge) -> bytes:
    """Return the AVIF file with its packet merged, in the room that its encoder has left.

    Raises:
        MediaError: There is no packet, or no room.
    """
    with Image.open(io.BytesIO(data)) as image:
        old = image.info.get("xmp", b"")
    packet = merge(old, len(old))
    if not old or len(packet) > len(old):
        raise MediaError("this AVIF file has no room for marks", hint="name the output .png")
    return data.replace(old, packet.ljust(len(old)))


def _append_box(path: Path, packet: bytes) -> None:
    """Append the packet at the end, where it changes no offset in the file."""
    with path.open("ab") as file:
        file.write(struct.pack(">I", 24 + len(packet)) + b"uuid" + _MP4_XMP + packet)


def _png_text(body: bytes) -> bytes:
    """Return the text of an iTXt chunk, empty if it is damaged."""
    try:
        compressed = body[len(_PNG_XMP) + 1]
        text = body[len(_PNG_XMP) + 3 :].split(b"\0", 2)[2]
        return zlib.decompressobj().decompress(text, _PART) if compressed else text
    except (IndexError, zlib.error):
        return b""


def _webp_header(image: webp.RiffChunk) -> webp.RiffChunk:
    """Return the extended header for a file with a single simple image."""
    body, alpha = image.body, False
    if image.name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bool(bits >> 28 & 1)
    else:
        width = (int.from_bytes(body[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(body[8:10], "little") & 0x3FFF) - 1
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return webp.RiffChunk(b"VP8X", bytes([0x10 if alpha else 0, 0, 0, 0]) + sides)


def find_packet(path: Path) -> bytes:
    """Return the first XMP packet in a file of any format, empty if there is none.

    Searches for its tags; in a large file only in the first and last 16 MiB.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        for start in {0, max(0, size - _PART)}:
            file.seek(start)
            part = file.read(_PART)
            begin = part.find(b"<x:xmpmeta")
            end = part.find(b"</x:xmpmeta>", begin)
            if 0 <= begin < end:
                return part[begin : end + len(b"</x:xmpmeta>")]
    return b""
