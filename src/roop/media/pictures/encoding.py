"""Encode an edited photo, keeping the coding of the target if the format is the same."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from roop.errors import MediaError
from roop.media.formats import avif, bmp, exif, gif, png, tiff
from roop.media.formats.embedded import PICTURES_LEFT_OUT, holds_picture
from roop.media.formats.image_files import open_image, reading
from roop.media.formats.jpeg.rewriting import rewrite_jpeg
from roop.media.formats.kinds import ImageFormat, row_of
from roop.media.formats.metadata import Metadata
from roop.media.frames.stored_frame import StoredFrame, StoredSamples, depth8, rgb8
from roop.media.pictures.decoding import DecodedImage, flatten_on_white
from roop.types import Warn

JPEG_QUALITY = 95
"""JPEG quality of images from another format; chroma is not subsampled."""
WEBP_QUALITY = 95
AVIF_QUALITY = 90

_WEBP_QUALITIES = (WEBP_QUALITY, 90, 85, 80, 75)
"""Tried from the best on for a lossy WebP in place of another, whose own quality is not stored."""

_MOST_GROWTH = 1.3
"""Times the size of the target that such a file may have: more would only store its artefacts."""

_SEGMENT_ROOM = 65_000
_ALPHA = {"PNG", "WEBP", "TIFF", "AVIF", "GIF"}
_DEEP = {"PNG", "TIFF"}
_COMMENTED = {"PNG", "JPEG", "GIF"}
_GREY = {"JPEG", "PNG", "TIFF", "BMP"}


def encode_image(
    wanted: ImageFormat, original: DecodedImage, frame: StoredFrame, warn: Warn
) -> bytes:
    """Return ``frame`` as a file of the ``wanted`` format.

    Args:
        wanted: The output's format.
        original: The target that ``frame`` was decoded from.
        frame: The edited frame.
        warn: Called for what the format cannot hold.

    Raises:
        MediaError: The target has disappeared.
    """
    same: dict[ImageFormat, Callable[[DecodedImage, StoredFrame, Warn], bytes | None]] = {
        "JPEG": _same_jpeg,
        "PNG": _same_png,
        "BMP": _same_bmp,
        "TIFF": _same_tiff,
        "GIF": _same_gif,
    }
    if row_of(original.format).suffix is not None:
        name = original.path.name
        warn(f"{name} is {original.format}, which is not written: the output is {wanted}")
    _warn_of_pictorial_tags(original, warn)
    same_size = frame.samples.shape[:2] == original.samples.shape[:2]
    if wanted == original.format and wanted in same and same_size and not original.mended:
        with reading(original.path):
            data = same[wanted](original, frame, warn)
        if data is not None:
            return data
    samples, metadata = _fit_to_format(wanted, original, frame, warn)
    if wanted == "PNG":
        return png.encode(samples, _png_chunks(metadata))
    if wanted == "TIFF":
        return tiff.encode(samples, tiff.new_tags(metadata), compress=True)
    if wanted == "GIF":
        everywhere = np.ones(samples.shape[:2], np.bool_)
        comment = gif.comment(metadata.comment) if metadata.comment else b""
        return gif.encode_still(samples, everywhere, comment)
    if wanted == "AVIF":
        metadata = replace(metadata, xmp=metadata.xmp + b" " * avif.XMP_ROOM)
    if wanted == "JPEG":
        metadata = _fit_to_segments(metadata, warn)
    if wanted == "AVIF" and samples.dtype == np.uint16:
        depth = avif.bits(original.path) if original.format == "AVIF" else 10
        return avif.encode_deep(samples.view(np.uint16), metadata, AVIF_QUALITY, depth)
    return _encode_with_pillow(wanted, original, samples, metadata)


def _same_jpeg(original: DecodedImage, frame: StoredFrame, warn: Warn) -> bytes:
    return rewrite_jpeg(original.path.read_bytes(), frame, warn)


def _same_png(original: DecodedImage, frame: StoredFrame, warn: Warn) -> bytes:
    with original.path.open("rb") as file:
        extra = png.ancillary(png.chunks(file), expanded=original.expanded)
    if original.metadata.exif and not any(
        part.name == b"eXIf" for part in (*extra.before, *extra.after)
    ):  # it comes from a text, which is left out
        block = png.PngChunk(b"eXIf", original.metadata.exif)
        extra = replace(extra, before=(*extra.before, block))
    extra, left_out = png.without_pictures(extra, rgb8(frame.samples))
    if left_out:
        warn(PICTURES_LEFT_OUT)
    return png.encode(frame.samples, extra)


def _same_bmp(original: DecodedImage, frame: StoredFrame, warn: Warn) -> bytes | None:
    return bmp.rewrite(original.path.read_bytes(), frame.samples)


def _same_gif(original: DecodedImage, frame: StoredFrame, warn: Warn) -> bytes | None:
    if frame.samples.shape[2] < 3:
        return None
    edited = frame.edited
    if edited is None:
        edited = np.zeros(frame.samples.shape[:2], np.bool_)
    with original.path.open("rb") as file:
        kept, left_out = gif.descriptions(gif.Gif(file, original.path))
    if left_out:
        warn(PICTURES_LEFT_OUT)
    return gif.encode_still(frame.samples, edited, kept)


def _same_tiff(original: DecodedImage, frame: StoredFrame, warn: Warn) -> bytes:
    with open_image(original.path) as image:
        tags, left_out = tiff.copy_tags(image, frame.samples)
        compressed = image.info.get("compression") != "raw"
    if left_out:
        warn(
            f"tags of {original.path.name} that describe its old coding are left out: "
            f"{', '.join(left_out)}"
        )
    return tiff.encode(frame.samples, tags, compress=compressed)


def _warn_of_pictorial_tags(original: DecodedImage, warn: Warn) -> None:
    if original.format != "TIFF":
        return
    with open_image(original.path) as image:
        names = tiff.pictorial_tags(image)
    if names:
        warn(
            f"tags of {original.path.name} that may show the old face are left out: "
            f"{', '.join(names)}"
        )


def _fit_to_format(
    wanted: ImageFormat, original: DecodedImage, frame: StoredFrame, warn: Warn
) -> tuple[StoredSamples, Metadata]:
    """Return samples and metadata that ``wanted`` can hold, upright in another format."""
    samples, metadata = frame.samples, original.metadata
    if wanted != original.format:
        samples = np.ascontiguousarray(frame.orientation.upright(samples))
        metadata = metadata.upright()
    block, left_out = exif.without_pictures(metadata.exif, rgb8(samples))
    if holds_picture(metadata.xmp):
        metadata, left_out = replace(metadata, xmp=b""), True
    if left_out:
        warn(PICTURES_LEFT_OUT)
    metadata = replace(metadata, exif=block)
    if metadata.comment and wanted not in _COMMENTED:
        warn(f"the comment of {original.path.name} is left out: {wanted} has no place for it")
    if samples.dtype == np.uint16 and wanted not in _DEEP:
        camera = original.format in ("AVIF", "HEIF")  # with 10 bits mostly
        if not (camera and wanted == "AVIF" and avif.can_write_deep()):
            name, those = original.path.name, "those" if camera else "the 16 bits"
            warn(f"{wanted} holds 8 bits per channel: {those} of {name} are rounded")
            samples = depth8(samples)
    if samples.shape[2] in (2, 4) and wanted not in _ALPHA:
        warn(f"{wanted} has no transparency: {original.path.name} is put on white")
        opaque = flatten_on_white(samples)
        samples = opaque[..., :1] if samples.shape[2] == 2 else opaque
    if samples.shape[2] < 3 and wanted not in _GREY:
        samples = samples[..., [0, 0, 0, 1][: samples.shape[2] + 2]]
        metadata = replace(metadata, icc=b"")  # a grey profile does not apply to RGB
    return samples, metadata


def _png_chunks(metadata: Metadata) -> png.Ancillary:
    """Return metadata chunks for an image from another format, as Pillow writes them."""
    texts = PngInfo()
    if metadata.comment:
        texts.add_text("Comment", metadata.comment)
    if metadata.xmp:
        texts.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    options: dict[str, Any] = {"pnginfo": texts}
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if metadata.exif:
        options["exif"] = metadata.exif
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    stream = io.BytesIO()
    Image.new("L", (1, 1)).save(stream, "PNG", **options)
    return png.ancillary(png.chunks(stream), expanded=False)


def _fit_to_segments(metadata: Metadata, warn: Warn) -> Metadata:
    """Return the metadata that fit into the segments of a JPEG file, 64 KiB each."""
    if len(metadata.exif) > _SEGMENT_ROOM:
        warn("the EXIF data are too long for JPEG and left out")
        metadata = replace(metadata, exif=b"")
    if len(metadata.xmp) > _SEGMENT_ROOM:
        warn("the XMP data are too long for JPEG and left out")
        metadata = replace(metadata, xmp=b"")
    return metadata


def _metadata_options(wanted: ImageFormat, metadata: Metadata) -> dict[str, Any]:
    """Return Pillow's options for the metadata; formats ignore those that they do not have."""
    options = {"icc_profile": metadata.icc, "xmp": metadata.xmp, "dpi": metadata.dpi}
    if wanted != "BMP":
        prefix = b"Exif\0\0" if wanted == "JPEG" and metadata.exif else b""
        options["exif"] = prefix + metadata.exif
    if wanted == "JPEG":
        options["comment"] = metadata.comment
    return {name: value for name, value in options.items() if value}


def _encode_with_pillow(
    wanted: ImageFormat, original: DecodedImage, samples: StoredSamples, metadata: Metadata
) -> bytes:
    """Encode a file with Pillow."""
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    settings: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": JPEG_QUALITY, "subsampling": "4:4:4", "optimize": True},
        "WEBP": {"quality": WEBP_QUALITY, "method": 4},
        "AVIF": {"quality": AVIF_QUALITY, "subsampling": "4:4:4"},
        "BMP": {},
    }
    options = settings[wanted]
    if wanted == "WEBP" and original.lossless:
        options = {"lossless": True, "exact": True, "quality": 75}
    options |= _metadata_options(wanted, metadata)
    most = _MOST_GROWTH * original.path.stat().st_size
    qualities = [options.get("quality")]
    same_size = samples.shape[:2] == original.samples.shape[:2]
    if wanted == "WEBP" == original.format and not original.lossless and same_size:
        qualities = list(_WEBP_QUALITIES)
    try:
        for quality in qualities:
            stream = io.BytesIO()
            image.save(stream, wanted, **(options | {"quality": quality} if quality else options))
            if stream.tell() <= most:
                break
    except (OSError, ValueError) as error:
        width, height = image.size
        raise MediaError(
            f"an image of {width}x{height} cannot be written as {wanted}: {error}",
            hint="name the output .png or .tiff",
        ) from error
    return stream.getvalue()
