"""Write TIFF files of 8 or 16 bits per sample, with the tags of the target."""

import io
import zlib
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from roop.media.formats.embedded import holds_picture
from roop.media.formats.metadata import Metadata
from roop.media.frames.stored_frame import StoredSamples

_LONG, _SHORT, _RATIONAL, _BYTE, _UNDEFINED = 4, 3, 5, 1, 7
_EXIF, _GPS, _INTEROPERABILITY = 34665, 34853, 40965
_ICC, _XMP = 34675, 700
_PHOTOSHOP, _LAYERS = 34377, 37724
_ORIENTATION, _COMPRESSION, _EXTRA_SAMPLES = 274, 259, 338
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_NONE, _DEFLATE = 1, 8
_STRIP_BYTES = 1 << 20

_STRUCTURE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289}
    | {290, 291, 292, 293, 317, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334}
    | {336, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521}
    | {529, 530, 531, _EXIF, _GPS, _PHOTOSHOP, _LAYERS, 50255}
)
"""Tags that describe the coding, or that hold other images of the old face (layers, previews)."""

_TRANSFER, _WHITE, _PRIMARIES, _REFERENCE = 301, 318, 319, 532
_OF_COLOUR = {
    _TRANSFER: "TransferFunction",
    _WHITE: "WhitePoint",
    _PRIMARIES: "PrimaryChromaticities",
    _REFERENCE: "ReferenceBlackWhite",
}
"""Tags that give the samples a meaning."""
_PHOTOMETRIC, _BITS = 262, 258
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6


def encode(samples: StoredSamples, tags: ImageFileDirectory_v2, *, compress: bool) -> bytes:
    """Return a TIFF file of ``(H, W, 1..4)`` samples.

    Args:
        samples: 8 or 16 bits each.
        tags: The metadata, from ``copy_tags`` or ``new_tags``; tags of the coding are added here.
        compress: Use Deflate with horizontal differences; otherwise, do not compress.
    """
    height, width, channels = samples.shape
    rows = max(1, _STRIP_BYTES // (width * channels * samples.itemsize))
    strips = [
        _strip(samples[top : top + rows], compress=compress) for top in range(0, height, rows)
    ]
    lengths = [len(strip) for strip in strips]
    shorts: dict[int, Any] = {
        258: (8 * samples.itemsize,) * channels,
        _COMPRESSION: _DEFLATE if compress else _NONE,
        262: 1 if channels < 3 else 2,
        277: channels,
        284: 1,
        317: 2 if compress else 1,
        339: (1,) * channels,
    }
    if channels in (2, 4):
        shorts[_EXTRA_SAMPLES] = tags.get(_EXTRA_SAMPLES, 2)
    longs: dict[int, Any] = {
        256: width,
        257: height,
        278: rows,
        273: tuple(int(at) for at in np.cumsum([0, *lengths[:-1]])),
        279: tuple(lengths),
    }
    for kind, values in ((_SHORT, shorts), (_LONG, longs)):
        for tag, value in values.items():
            tags.tagtype[tag] = kind
            tags[tag] = value
    stream = io.BytesIO()
    tags.save(stream)
    return stream.getvalue() + b"".join(strips)


def exif_block(image: ImageFile) -> bytes:
    """Return the tags of an open TIFF as an EXIF block."""
    block = Image.Exif()
    own = {_ICC, _XMP, *_outdated(image, None)}
    for tag, value in image.getexif().items():
        if tag not in _STRUCTURE and tag not in own and not _shows(value):
            block[tag] = stored_text(value)
    for tag in (_EXIF, _GPS):
        values = image.getexif().get_ifd(tag)
        block.get_ifd(tag).update({key: stored_text(value) for key, value in values.items()})
    return block.tobytes()


def copy_tags(
    image: ImageFile, samples: StoredSamples
) -> tuple[ImageFileDirectory_v2, tuple[str, ...]]:
    """Return the tags of an open TIFF that still apply to the edited image.

    Args:
        image: The target.
        samples: ``(H, W, 1..4)``, the edited image.

    Returns:
        The tags, and the names of those that give the old samples a meaning but not the new ones.
    """
    if not isinstance(image, TiffImageFile):
        raise TypeError(f"a {type(image).__name__} has no TIFF tags")
    source: ImageFileDirectory_v2 = image.tag_v2
    tags = ImageFileDirectory_v2(prefix=b"II")
    outdated = _outdated(image, samples)
    for tag in source:
        if tag not in _STRUCTURE and tag not in outdated and not _shows(source[tag]):
            tags.tagtype[tag] = source.tagtype[tag]
            tags[tag] = stored_text(source[tag])
    _add_directories(tags, image.getexif())
    # That of YCbCr has been applied while decoding.
    names = [_OF_COLOUR[tag] for tag in sorted(outdated & set(source)) if tag in _OF_COLOUR]
    applied = source.get(_PHOTOMETRIC) == _YCBCR
    return tags, tuple(name for name in names if not (applied and name == _OF_COLOUR[_REFERENCE]))


def _outdated(image: ImageFile, samples: StoredSamples | None) -> set[int]:
    """Return the tags about colours that do not apply to ``samples``; None in another format."""
    if image.mode in ("CMYK", "LAB"):
        return {_ICC, *_OF_COLOUR}
    directory = getattr(image, "tag_v2", {})
    bits, form = directory.get(_BITS, (1,)), directory.get(_PHOTOMETRIC)
    same_bits = samples is not None and set(bits) == {8 * samples.itemsize}
    outdated: set[int] = set()
    if not same_bits or form not in (_BLACK_IS_ZERO, _RGB, _YCBCR):
        outdated.add(_TRANSFER)
    if not same_bits or form not in (_BLACK_IS_ZERO, _RGB):
        outdated.add(_REFERENCE)
    return outdated


def pictorial_tags(image: ImageFile) -> tuple[str, ...]:
    """Return the names of the tags of an open TIFF that show or may show the old face."""
    exif, tags = image.getexif(), dict(getattr(image, "tag_v2", {}))
    known = {_PHOTOSHOP: "PhotoshopSettings", _LAYERS: "ImageSourceData"}
    names = [name for tag, name in known.items() if tag in tags]
    for group in (tags, exif.get_ifd(_EXIF), exif.get_ifd(_GPS)):
        found = [tag for tag, value in group.items() if tag not in known and _shows(value)]
        names += [ExifTags.TAGS.get(tag, str(tag)) for tag in found]
    return tuple(names)


def stored_text(value: object) -> object:
    """Return ``value`` so that Pillow writes a text beyond ASCII with the bytes that it read."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("latin-1", "replace")
    return value


def new_tags(metadata: Metadata) -> ImageFileDirectory_v2:
    """Return tags for an upright image from another format."""
    tags = ImageFileDirectory_v2(prefix=b"II")
    block = Image.Exif()
    block.load(metadata.exif)
    for tag, value in block.items():
        if tag not in _STRUCTURE and tag not in (_TRANSFER, _REFERENCE):
            tags[tag] = stored_text(value)
    _add_directories(tags, block)
    for tag, kind, blob in ((_ICC, _UNDEFINED, metadata.icc), (_XMP, _BYTE, metadata.xmp)):
        if blob:
            tags.tagtype[tag] = kind
            tags[tag] = blob
    if metadata.dpi:
        for tag, number in zip((_X_RESOLUTION, _Y_RESOLUTION), metadata.dpi, strict=True):
            tags.tagtype[tag] = _RATIONAL
            tags[tag] = number
        tags[_RESOLUTION_UNIT] = 2
    return tags


def _add_directories(tags: ImageFileDirectory_v2, block: Image.Exif) -> None:
    for tag in (_EXIF, _GPS):
        directory = dict(block.get_ifd(tag))
        directory.pop(_INTEROPERABILITY, None)
        directory = {
            tag: stored_text(value) for tag, value in directory.items() if not _shows(value)
        }
        if directory:
            tags.tagtype[tag] = _LONG
            tags[tag] = directory


def _shows(value: object) -> bool:
    return isinstance(value, bytes) and holds_picture(value)


def _strip(samples: StoredSamples, *, compress: bool) -> bytes:
    little_endian = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    if not compress:
        return little_endian.tobytes()
    differences = np.diff(little_endian, axis=1, prepend=little_endian.dtype.type(0))
    return zlib.compress(differences.astype(little_endian.dtype).tobytes(), 6)
