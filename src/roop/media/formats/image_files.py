"""Open picture files safely: told by content, sized before decoding, every failure a MediaError."""

import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from roop.errors import MediaError
from roop.media.files.disk import absent

Container = Literal["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]
"""The picture formats that are read, by Pillow's names."""

MAX_PIXELS = 300_000_000
"""A picture with more pixels is refused by its header, before any memory is spent on it."""

EXTENSIONS: dict[str, Container] = {
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
"""Which format an output has, by the extension of its name."""

_HEAD = 64 * 1024
_MAGIC: tuple[tuple[bytes, Container], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})

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
"""What Pillow's plug-ins raise on damaged files; they promise no smaller set."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while ``path`` is read into a MediaError."""
    try:
        yield
    except FileNotFoundError as error:
        raise absent(path) from error
    except IsADirectoryError as error:
        raise MediaError(f"{path} is a folder", hint="name one file in it") from error
    except PermissionError as error:
        raise MediaError(
            f"{path} may not be read", hint="check the permissions of the file and its folder"
        ) from error
    except MemoryError as error:
        raise MediaError(f"{path}: not enough memory to decode the picture") from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{path.name} has more pixels than its format's decoder takes: {error}",
            hint="make the picture smaller, if it is not a fake",
        ) from error
    except _DECODING_FAILURES as error:
        reason = str(error) or type(error).__name__
        raise MediaError(
            f"{path.name} is damaged or incomplete: {reason}",
            hint="open it in a picture viewer and save it again, or fetch it again",
        ) from error


def container(path: Path) -> Container | None:
    """Return the format of a picture file by its first bytes, None if it is no picture.

    Raises:
        MediaError: ``path`` cannot be read, is empty, or is a HEIC picture.
    """
    with reading(path):
        if path.is_dir():  # Windows answers "permission denied" when a folder is opened
            raise IsADirectoryError
        with path.open("rb") as file:
            head = file.read(32)
    if not head:
        raise MediaError(f"{path.name} is empty", hint="fetch the file again")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC_BRANDS:
            raise MediaError(f"{path.name}: HEIC is not read", hint="convert it to JPEG or AVIF")
        return "AVIF" if head[8:12] == b"avif" else None
    return None


def moves(path: Path, found: Container) -> bool:
    """Return whether a picture file of the format ``found`` has several frames.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    moving: dict[Container, Callable[[BinaryIO], bool]] = {
        "GIF": _gif_moves,
        "PNG": _png_moves,
        "WEBP": _webp_moves,
    }
    if found not in moving:
        return False
    with reading(path), path.open("rb") as file:
        return moving[found](file)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow from printing a warning for each odd tag of a file that it reads all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def open_picture(path: Path) -> Iterator[ImageFile]:
    """Open a picture whose pixels are not decoded yet.

    Raises:
        MediaError: ``path`` is unreadable, no picture, damaged, or has too many pixels.
    """
    plugins: dict[Container, type[ImageFile]] = {
        "JPEG": JpegImageFile,
        "PNG": PngImageFile,
        "GIF": GifImageFile,
        "WEBP": WebPImageFile,
        "BMP": BmpImageFile,
        "TIFF": TiffImageFile,
        "AVIF": AvifImageFile,
    }
    found = container(path)
    if found is None:
        raise MediaError(
            f"{path.name} is not a picture that can be read",
            hint="use JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF",
        )
    with path.open("rb") as file, quiet():
        # The plug-in is called directly: Image.open refuses the 200 Mpx photos of today's phones.
        # It gets a file, not a name: TIFFs that Pillow maps by name and turns come out garbled.
        with reading(path):
            image = plugins[found](file)
        with image:
            check_size(path, image.size)
            yield image


def check_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse a picture whose header promises more pixels than ``MAX_PIXELS``, or none.

    Raises:
        MediaError: ``size`` (width, height) is out of bounds.
    """
    width, height = size
    if width < 1 or height < 1:
        raise MediaError(f"{path.name} is damaged: it is {width}x{height} pixels")
    if width * height > MAX_PIXELS:
        raise MediaError(
            f"{path.name} says it has {width}x{height} pixels, more than the limit of "
            f"{MAX_PIXELS // 1_000_000} million",
            hint="make the picture smaller, if it is not a fake",
        )


def _gif_moves(file: BinaryIO) -> bool:
    """Whether a second image follows the first."""
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


def _png_moves(file: BinaryIO) -> bool:
    """Whether an animation control chunk with several frames comes before the pixels."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        file.seek(length + 4, os.SEEK_CUR)
    return False


def _webp_moves(file: BinaryIO) -> bool:
    """Whether there are two frame chunks."""
    file.seek(12)
    frames = 0
    while len(head := file.read(8)) == 8:
        frames += head[:4] == b"ANMF"
        if frames > 1:
            return True
        length = int.from_bytes(head[4:], "little")
        file.seek(length + (length & 1), os.SEEK_CUR)
    return False
