"""Decode an image file into its stored samples and metadata."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile

from roop.errors import MediaError
from roop.media.files.quiet import quiet_libraries
from roop.media.formats import avif, png, tiff
from roop.media.formats.apng import holds_frames
from roop.media.formats.image_files import image_format, is_animated, open_image, reading
from roop.media.formats.jpeg.segments import has_more
from roop.media.formats.kinds import ImageFormat
from roop.media.formats.mending import mend
from roop.media.formats.metadata import Metadata
from roop.media.frames.orientation import Orientation
from roop.media.frames.presentation import PLAIN, Display, transfer_of
from roop.media.frames.stored_frame import StoredSamples, rgb8
from roop.types import Pixels, Warn

MAX_PHOTO_SIDE = 4096
"""Longest side of a source photo in pixels; larger ones are scaled down."""

_MOST_DPI = 65535
"""Pixels per inch that every format can hold."""

_USUAL_GAMMA, _NEARLY_USUAL = 2.2, 0.1
"""Of displays; how far the exponent of a PNG file may be from theirs without being seen."""

_MOST_BITS = 16
"""Bits per channel that are kept."""

_RAW_EXIF = "Raw profile type exif"
"""The text in which ImageMagick keeps the EXIF data of a PNG."""

_EXIF_PREFIX = b"Exif\0\0"
_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL = 258, 277
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """The content of an image file."""

    path: Path
    format: ImageFormat
    samples: StoredSamples
    orientation: Orientation
    metadata: Metadata
    mode: str
    """Pillow's mode of the file, with ``;16`` for 16 bits per channel."""
    expanded: bool
    """True if the file has a palette or less than 8 bits per sample, unlike ``samples``."""
    lossless: bool
    """True if writing the same format again keeps every pixel."""
    display: Display = PLAIN
    """How viewers show the samples."""
    mended: bool = False
    """True if the file is damaged: its bytes cannot be used for the output."""


def sniff(path: Path) -> Literal["image", "animation"] | None:
    """Return the kind of image in ``path`` by its content; None if it is not an image.

    Raises:
        MediaError: ``path`` cannot be read or is empty.
    """
    found = image_format(path)
    if found is None:
        return None
    return "animation" if is_animated(path, found) else "image"


def read_photo(path: Path, warn: Warn) -> Pixels:
    """Read a source photo: upright, in sRGB, on white where it is transparent.

    Args:
        path: An image of any readable format; of an animation, the first frame is read.
        warn: Called for what is not exact.

    Returns:
        ``(H, W, 3)`` RGB uint8, neither side above ``MAX_PHOTO_SIDE``.

    Raises:
        MediaError: The file is not readable, not an image, damaged or too large.
    """
    decoded = read_image(path, warn)
    pixels = rgb8(decoded.samples)
    if decoded.samples.shape[2] in (2, 4):
        pixels = flatten_on_white(decoded.samples)
    scale = MAX_PHOTO_SIDE / max(pixels.shape[:2])
    if scale < 1:
        size = max(1, int(pixels.shape[1] * scale)), max(1, int(pixels.shape[0] * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    if decoded.metadata.icc:
        pixels = _srgb(pixels, decoded, warn)
    return np.ascontiguousarray(decoded.orientation.upright(pixels))


def read_image(path: Path, warn: Warn) -> DecodedImage:
    """Decode an image; of an animation or of several pages, the first.

    Args:
        path: An image of any readable format. If its end is missing, it is read as far as it goes.
        warn: Called for what is lost.

    Raises:
        MediaError: The file is not readable, not an image, damaged or too large.
    """
    found = image_format(path)
    if found == "HEIF" or found == "JPEGXL":
        return _read_main_picture(path, found, warn)
    warnings: list[str] = []  # given later, as stderr is closed to libraries meanwhile
    with quiet_libraries():
        decoded = _read_or_mend(path, found, warnings)
    for warning in warnings:
        warn(warning)
    return decoded


def _read_or_mend(path: Path, found: ImageFormat | None, warnings: list[str]) -> DecodedImage:
    try:
        return _read(path, found, warnings.append)
    except MediaError as error:
        with reading(path):
            mended = None if found is None else mend(path, found)
        if mended is None:
            raise
        warnings.clear()
        try:
            decoded = _read(path, found, warnings.append, mended.data)
        except MediaError:
            raise error from None
        warnings.append(f"{path.name} is damaged: {mended.loss}")
        return decoded


def _read(
    path: Path, found: ImageFormat | None, warn: Warn, data: bytes | None = None
) -> DecodedImage:
    """Decode ``path``, or ``data`` in its place."""
    with open_image(path, data) as image, reading(path):
        # Pillow turns a TIFF upright while loading it and does not record that.
        stored = Orientation(_orientation_tag(image)) if found == "TIFF" else Orientation()
        image.load()
        mode = _mode(path, image)
        samples, expanded = _samples(path, image, mode, stored)
        if found == "AVIF" and avif.is_deep(path):
            mode, samples = _deep_avif(path, image, mode, samples)
        if image.mode in ("CMYK", "LAB"):
            deep = f" with {_bits(path, image)} bits" if _bits(path, image) > 8 else ""
            less = " with 8 bits" if deep else ""
            warn(f"{path.name} is {image.mode}{deep}; the output is RGB{less}, in sRGB")
        _warn_of_ignored_content(path, image, warn, deep=mode.endswith(";16"))
        assert found is not None
        metadata = _metadata(image)
        return DecodedImage(
            path=path,
            format=found,
            samples=samples,
            orientation=stored if found == "TIFF" else Orientation(_orientation_tag(image)),
            metadata=metadata,
            display=display_of(path, image, metadata.icc),
            mode=mode,
            expanded=expanded,
            lossless=_is_lossless(path, found),
            mended=data is not None,
        )


def _read_main_picture(path: Path, found: Literal["HEIF", "JPEGXL"], warn: Warn) -> DecodedImage:
    """Read a picture that its decoder turns upright."""
    with reading(path):
        if found == "HEIF":
            from roop.media.formats.heif import read_heif

            picture = read_heif(path)
        else:
            from roop.media.formats.jxl import read_jxl

            picture = read_jxl(path)
    if picture.left_out:
        warn(f"{path.name} also holds {' and '.join(picture.left_out)}: the output leaves it out")
    return DecodedImage(
        path=path,
        format=found,
        samples=picture.samples,
        orientation=Orientation(),
        metadata=picture.metadata,
        display=Display(icc=picture.metadata.icc),
        mode=picture.mode,
        expanded=False,
        lossless=False,
    )


def display_of(path: Path, image: ImageFile, icc: bytes) -> Display:
    """Return how viewers show the values of an open image."""
    transfer = png.transfer_number(path) if image.format == "PNG" else 0
    return display_by(icc, image.info.get("gamma"), transfer)


def display_by(icc: bytes, found: object, transfer: int) -> Display:
    """Return how viewers show values.

    Args:
        icc: The colour profile.
        found: The gamma in the file, as a fraction; None if there is none.
        transfer: The number of the transfer function (H.273); 0 if there is none.
    """
    gamma = 1 / (found * _USUAL_GAMMA) if isinstance(found, float) and found > 0 else 1.0
    if abs(gamma - 1) < _NEARLY_USUAL:
        gamma = 1.0
    return Display(icc=icc, gamma=gamma, transfer=transfer_of(transfer))


def flatten_on_white(samples: StoredSamples) -> Pixels:
    """Return ``(H, W, 2 or 4)`` samples as ``(H, W, 3)`` RGB uint8 on white."""
    colours = rgb8(samples).astype(np.uint16)
    top = 255 if samples.dtype == np.uint8 else 65535
    share = (samples[..., -1:].astype(np.uint32) * 255 // top).astype(np.uint16)
    return ((colours * share + 255 * (255 - share) + 127) // 255).astype(np.uint8)


def _orientation_tag(image: ImageFile) -> int:
    """Return the orientation, which Pillow also finds in XMP and in ImageMagick's text chunk."""
    tag = image.getexif().get(_ORIENTATION, 1)
    return tag if tag in range(1, 9) else 1


def _mode(path: Path, image: ImageFile) -> str:
    bits = _bits(path, image)
    if bits != 16 or image.mode.startswith(("I", "CMYK")):
        return image.mode
    return image.mode + ";16"


def _numbers(image: ImageFile, tag: int) -> tuple[int, ...]:
    value = getattr(image, "tag_v2", {}).get(tag, (1,))
    return value if isinstance(value, tuple) else (value,)


def _png_depth(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(25)[24]


def _samples(
    path: Path, image: ImageFile, mode: str, stored: Orientation
) -> tuple[StoredSamples, bool]:
    """Return the samples, and whether they were expanded from a palette or fewer bits."""
    if mode.endswith(";16") and not mode.startswith("I"):
        return _samples16(path, image, stored.size(image.size)), False
    expanded = False
    if image.mode.startswith("I;16"):
        array = np.asarray(image).astype(np.uint16)
    elif image.mode == "I":
        array = _samples32(path, image)
    else:
        converted = _converted(path, image)
        expanded = converted is not image or _bits(path, image) < 8
        array = np.array(converted)
    array = stored.stored(array)
    return np.array(array.reshape(*array.shape[:2], -1), order="C"), expanded


def _deep_avif(
    path: Path, image: ImageFile, mode: str, samples: StoredSamples
) -> tuple[str, StoredSamples]:
    """Return mode and samples of all bits, if they can be had; alpha has 8 bits."""
    deep = avif.read_deep(path, image.size)
    if deep is None or samples.shape[2] < 3:
        return mode, samples
    alpha = samples[..., 3:].astype(np.uint16) * 257
    return f"{mode};16", np.ascontiguousarray(np.dstack([deep, alpha]) if alpha.size else deep)


def _bits(path: Path, image: ImageFile) -> int:
    """Return the number of bits per sample."""
    if image.format == "TIFF":
        return max(_numbers(image, _BITS_PER_SAMPLE))
    return _png_depth(path) if image.format == "PNG" else 8


def _converted(path: Path, image: ImageFile) -> Image.Image:
    """Return the image in grey or RGB, with or without alpha."""
    if image.mode in ("1", "L", "RGB") and image.has_transparency_data:  # one colour is
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("CMYK", "LAB"):
        return _convert_by_profile(image)
    if image.mode in ("YCbCr", "HSV", "RGBX"):
        return image.convert("RGB")
    if image.mode in ("RGBa", "La"):
        return image.convert("RGBA" if image.mode == "RGBa" else "LA")
    raise MediaError(
        f"{path.name}: images of mode {image.mode} are not supported",
        hint="save it with 8 or 16 bits per channel",
    )


def _convert_by_profile(image: Image.Image) -> Image.Image:
    """Convert a CMYK or Lab image to sRGB, by its colour profile if that works."""
    srgb = ImageCms.createProfile("sRGB")
    icc = image.info.get("icc_profile")
    try:
        source = (
            ImageCms.createProfile("LAB")
            if image.mode == "LAB"
            else ImageCms.ImageCmsProfile(io.BytesIO(icc or b""))
        )
        converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        converted = None
    return converted or image.convert("RGB")


def _samples16(path: Path, image: ImageFile, size: tuple[int, int]) -> StoredSamples:
    """Return samples with 16 bits per channel, which Pillow cannot hold."""
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), flags)
    if decoded is None or decoded.dtype != np.uint16 or decoded.shape[:2] != size[::-1]:
        raise ValueError("its 16-bit samples cannot be decoded")
    array: NDArray[np.uint16] = decoded.view(np.uint16)
    channels = _channels(path, image)
    if array.ndim == 2:
        return array[..., np.newaxis]
    if channels == 2:  # OpenCV returns grey with alpha as four channels
        return np.ascontiguousarray(array[..., [0, 3]])
    rgb = [2, 1, 0, 3] if channels == 4 else [2, 1, 0]
    return np.ascontiguousarray(array[..., rgb])


def _channels(path: Path, image: ImageFile) -> int:
    if image.format == "TIFF":
        return _numbers(image, _SAMPLES_PER_PIXEL)[0]
    with path.open("rb") as file:
        return {0: 1, 2: 3, 4: 2, 6: 4}[file.read(26)[25]]


def _samples32(path: Path, image: ImageFile) -> NDArray[np.uint16]:
    array = np.asarray(image)
    if array.min() < 0 or array.max() > 65535:
        raise MediaError(
            f"{path.name} has samples of more than 16 bits",
            hint="save it with 8 or 16 bits per channel",
        )
    return array.astype(np.uint16)


def _metadata(image: ImageFile) -> Metadata:
    info = image.info
    block = info.get("exif") or b""
    if not block and _RAW_EXIF in info:
        block = image.getexif().tobytes()
    if image.format == "TIFF":
        block = tiff.exif_block(image)
    icc = b"" if image.mode in ("CMYK", "LAB") else info.get("icc_profile") or b""
    xmp = info.get("xmp") or b""
    return Metadata(
        exif=bytes(block).removeprefix(_EXIF_PREFIX),
        icc=bytes(icc),
        xmp=xmp.encode() if isinstance(xmp, str) else bytes(xmp),
        dpi=_dpi(info.get("dpi")),
        comment=_comment(info.get("comment")),
    )


def _comment(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""


def _dpi(resolution: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the resolution; None if it is unknown, which is 1 in TIFF, or beyond all formats."""
    if not resolution or min(resolution) <= 1 or max(resolution) > _MOST_DPI:
        return None
    return float(resolution[0]), float(resolution[1])


def _is_lossless(path: Path, found: ImageFormat) -> bool:
    if found != "WEBP":
        return found not in ("JPEG", "AVIF")
    data = path.read_bytes()
    return b"VP8L" in data[:64] or (b"VP8L" in data and b"VP8 " not in data)


def _warn_of_ignored_content(path: Path, image: ImageFile, warn: Warn, *, deep: bool) -> None:
    if image.format == "JPEG" and has_more(path.read_bytes()):
        warn(f"{path.name} holds a second image or a video, which the output leaves out")
    pages = getattr(image, "n_frames", 1)
    if pages > 1:
        warn(f"{path.name} has {pages} pages or frames; only the first is used")
    elif image.format == "PNG" and _holds_frames(path):
        warn(f"{path.name} also holds an animation, which is damaged and left out")
    if image.format == "TIFF" and _bits(path, image) > _MOST_BITS:
        warn(f"{path.name} has {_bits(path, image)} bits per channel; the output has {_MOST_BITS}")
    if image.format == "AVIF" and not deep and avif.is_deep(path):
        warn(f"{path.name} has more than 8 bits per channel; it is read with 8")


def _holds_frames(path: Path) -> bool:
    with path.open("rb") as file:
        return holds_frames(file)


def _srgb(pixels: Pixels, decoded: DecodedImage, warn: Warn) -> Pixels:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(decoded.metadata.icc))
        image = Image.fromarray(pixels)
        if decoded.samples.shape[2] < 3:
            image = image.convert("L")
        turned = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        warn(f"{decoded.path.name}: the colour profile is damaged and ignored")
        return pixels
    return pixels if turned is None else np.array(turned)
