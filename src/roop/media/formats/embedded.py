"""Pictures inside of metadata: thumbnails, previews and depth maps that nobody has screened."""

import re
import zlib

PICTURES_LEFT_OUT = "pictures inside the target's metadata are left out: nobody has screened them"
"""The warning about what is removed here."""

_SIGNATURES = re.compile(
    rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n|GIF8[79]a|RIFF....WEBP|II[*+]\0|MM\0[*+]"
    rb"|ftyp(?:avif|avis|hei[cxms]|hev[cx]|mif1|msf1|jxl )|\0\0\0\x0cJXL |\0\0\0\x0cjP  "
    rb"|<svg[\s>]|data:image/",
    re.DOTALL,
)
"""How image files begin."""

_TEXTS = re.compile(
    rb"/9j/[0-9A-Za-z+/\s]{40}|iVBORw0KGgo|R0lGOD[dl]h|UklGR[0-9A-Za-z+/]{8}XRUJQ"
    rb"|(?i:ff\s*d8\s*ff\s*[c-e][0-9a-f]\s*[0-9a-f]{2}|89504e470d0a)"
)
"""The same in base64 and in hexadecimal digits."""

_THUMBNAIL_RESOURCE = re.compile(rb"8BIM\x04[\x09\x0c]")
_PHOTOSHOP_THUMBNAILS = frozenset({1033, 1036})
_MOST = 16 << 20
"""Bytes to inflate of a compressed text."""


def holds_picture(data: bytes) -> bool:
    """Return True if an image file seems to begin somewhere in ``data``."""
    return bool(_SIGNATURES.search(data) or _TEXTS.search(data))


def inflated(data: bytes) -> bytes:
    """Return the beginning of a zlib stream, as much as can be decoded."""
    try:
        return zlib.decompressobj().decompress(data, _MOST)
    except zlib.error:
        return b""


def without_photoshop_thumbnails(resources: bytes) -> bytes:
    """Return Photoshop's image resources without those that show the image.

    If there is any, what follows a damaged resource is left out, too.
    """
    if not (holds_picture(resources) or _THUMBNAIL_RESOURCE.search(resources)):
        return resources
    kept, at = bytearray(), 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = (resources[at + 6] + 2) & ~1
        start = at + 10 + name
        length = int.from_bytes(resources[at + 6 + name : start], "big")
        end = start + length + (length & 1)
        body = resources[start : start + length]
        if number not in _PHOTOSHOP_THUMBNAILS and len(body) == length and not holds_picture(body):
            kept += resources[at:end]
        at = end
    return bytes(kept)
