"""Open image files safely: identify them by content, check their size, translate every error."""

import io
import os
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile

from roop.errors import MediaError
from roop.media.files.disk import missing_file
from roop.media.formats.kinds import FileKind, ImageFormat, kind_of, row_of

MAX_PIXELS = 300_000_000
"""Most pixels of an image; larger ones are refused before memory is allocated for them."""

FORMAT_BY_SUFFIX: dict[str, ImageFormat] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
}
"""The image format of each suffix of an output."""

_DECODING_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""Errors that Pillow's plug-ins raise for damaged files; fewer are not documented."""


_UNSUPPORTED = re.compile("unsupported|not supported|unimplemented|cannot handle", re.IGNORECASE)
"""What Pillow's plug-ins say about files that are intact."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors inside the block into a MediaError about reading ``path``."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing_file(path) from error
    except IsADirectoryError as error:
        raise MediaError(f"{path} is a folder", hint="choose a file in it") from error
    except PermissionError as error:
        raise MediaError(
            f"no permission to read {path}",
            hint="check the permissions of the file and its folder",
        ) from error
    except MemoryError as error:
        raise MediaError(f"{path}: not enough memory to decode the image") from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{path.name} has more pixels than its format's decoder takes: {error}",
            hint="scale the image down",
        ) from error
    except _DECODING_FAILURES as error:
        reason = str(error) or type(error).__name__
        if _UNSUPPORTED.search(reason):
            raise MediaError(
                f"{path.name} is of a kind that cannot be read: {reason}",
                hint="convert it to PNG or JPEG first",
            ) from error
        raise MediaError(
            f"{path.name} is damaged or incomplete: {reason}",
            hint="open it in an image viewer and save it again, or download it again",
        ) from error


def image_format(path: Path) -> ImageFormat | None:
    """Return the format of an image file by its content; None if it is not an image.

    Raises:
        MediaError: ``path`` cannot be read, is empty, or is an image that cannot be read.
    """
    kind = _kind(path)
    return None if kind is None else kind.format


def suffix_instead(name: ImageFormat, path: Path) -> str | None:
    """Return the suffix of an output for a target whose format is not written; None if it is.

    A format without loss becomes PNG. HEIC and JPEG XL become JPEG, or AVIF if they are transparent
    or if more than 8 bits per channel are read.

    Raises:
        MediaError: ``path`` is damaged.
    """
    if name == "JPEGXL":
        from roop.media.formats import jxl

        with reading(path):
            return ".avif" if jxl.exceeds_jpeg(path) else ".jpg"
    if name == "HEIF":
        from roop.media.formats.heif import exceeds_jpeg

        with reading(path):
            return ".avif" if exceeds_jpeg(path) else ".jpg"
    return row_of(name).suffix


def is_animated(path: Path, found: ImageFormat) -> bool:
    """Return True if an image file of the format ``found`` has several frames.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    checks: dict[ImageFormat, Callable[[BinaryIO], bool]] = {
        "GIF": _gif_is_animated,
        "PNG": _png_is_animated,
        "WEBP": _webp_is_animated,
    }
    if found not in checks:
        return False
    with reading(path), path.open("rb") as file:
        return checks[found](file)


@contextmanager
def ignore_warnings() -> Iterator[None]:
    """Suppress Pillow's warnings about invalid tags of files that it reads nevertheless."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def open_image(path: Path, data: bytes | None = None) -> Iterator[ImageFile]:
    """Open an image without decoding its pixels.

    Args:
        path: The file.
        data: Read in place of the file's content, which is damaged.

    Raises:
        MediaError: ``path`` is not readable, not an image, damaged or too large.
    """
    kind = _kind(path)
    if kind is None or not kind.plugin:
        raise MediaError(
            f"{path.name} is not a supported image",
            hint="use JPEG, HEIC, PNG, WebP, BMP, TIFF, GIF or AVIF",
        )
    with path.open("rb") if data is None else io.BytesIO(data) as file, ignore_warnings():
        # Image.open refuses the 200-megapixel photos of phones, so the plug-in is called directly.
        # It gets a file, not a name: Pillow garbles rotated TIFFs that it maps by name.
        with reading(path):
            image = kind.open_class()(file)
        with image:
            check_size(path, image.size)
            yield image


def check_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse an image of more than ``MAX_PIXELS`` pixels, or of none.

    Raises:
        MediaError: ``size`` (width, height) is out of bounds.
    """
    width, height = size
    if width < 1 or height < 1:
        raise MediaError(f"{path.name} is damaged: it is {width}x{height} pixels")
    if width * height > MAX_PIXELS:
        raise MediaError(
            f"{path.name} has {width}x{height} pixels, more than the limit of "
            f"{MAX_PIXELS // 1_000_000} million",
            hint="scale the image down",
        )


def _kind(path: Path) -> FileKind | None:
    with reading(path):
        if path.is_dir():  # Windows answers "permission denied" when a folder is opened
            raise IsADirectoryError
        kind = kind_of(path)
    if kind is not None and kind.refusal:
        raise MediaError(f"{path.name} is {kind.refusal}, which is not read", hint=kind.hint)
    return kind


def _gif_is_animated(file: BinaryIO) -> bool:
    """Return True if a second image follows the first."""
    head = file.read(13)
    if head[10] & 0x80:
        file.seek(3 << (head[10] & 7) + 1, os.SEEK_CUR)
    images = 0
    while (kind := file.read(1)) in (b"!", b","):
        if kind == b",":
            images += 1
            if images > 1:
                return True
            flags = file.read(9)[8]
            file.seek((3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1, os.SEEK_CUR)
        else:
            file.read(1)
        while (length := file.read(1)) and length != b"\0":
            file.seek(length[0], os.SEEK_CUR)
    return False


def _png_is_animated(file: BinaryIO) -> bool:
    """Return True if an animation control chunk for several frames precedes the pixels."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        file.seek(length + 4, os.SEEK_CUR)
    return False


def _webp_is_animated(file: BinaryIO) -> bool:
    """Return True if there are two frame chunks."""
    file.seek(12)
    frames = 0
    while len(head := file.read(8)) == 8:
        frames += head[:4] == b"ANMF"
        if frames > 1:
            return True
        length = int.from_bytes(head[4:], "little")
        file.seek(length + (length & 1), os.SEEK_CUR)
    return False
