"""What a file is, by its content: one table of the formats of pictures."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from PIL.ImageFile import ImageFile

from roop.errors import MediaError
from roop.media.files.extensions import RAW_SUFFIXES

WrittenFormat = Literal["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]
"""The formats that are read and written."""

ReadFormat = Literal[
    "HEIF", "JPEGXL", "JPEG2000", "PPM", "TGA", "ICO", "CUR", "DDS", "PCX", "PSD", "SGI", "QOI",
    "ICNS", "SUN",
]  # fmt: skip
"""The formats that are only read."""

ImageFormat = WrittenFormat | ReadFormat
"""The image formats, by Pillow's names."""

_HEAD, _TAIL = 64 * 1024, 32
"""Bytes at the start and at the end of a file that tell what it is."""

_RAW_MAGIC = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_SEQUENCE_BRANDS = frozenset({b"msf1", b"hevc", b"hevx"})
_BMP_HEADERS = range(12, 200)
"""Sizes of the header of a BMP; known and unknown versions."""
_DNG_VERSION, _SUBFILE, _PHOTOMETRIC, _COMPRESSION, _SUB_DIRECTORIES = 50706, 254, 262, 259, 330
_SENSOR = frozenset({32803, 34892})
"""Photometric interpretations of raw photos: colour filter array, linear raw."""
_RAW_CODINGS = frozenset({34713, 65535, 32767, 32769, 32770})
"""Compressions that only cameras write."""


@dataclass(frozen=True, slots=True)
class FileSample:
    """The parts of a file that tell what it is."""

    head: bytes
    tail: bytes
    suffix: str
    """In lower case; only formats without a signature are known by it."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A row of the table."""

    matches: Callable[[FileSample], bool]
    format: ImageFormat | None
    """None if pictures of this kind are not read."""
    plugin: str = ""
    """Pillow's plug-in, ``MODULE:CLASS``."""
    refusal: str = ""
    """What a picture that is not read is, to be followed by what to do."""
    hint: str = "convert it to PNG or JPEG first"
    suffix: str | None = None
    """The suffix of an output in its place; None if the format itself is written."""

    def open_class(self) -> type[ImageFile]:
        """Return Pillow's plug-in."""
        module, _, name = self.plugin.partition(":")
        found: type[ImageFile] = getattr(import_module(f"PIL.{module}"), name)
        return found


def kind_of(path: Path) -> FileKind | None:
    """Return the row for a file; None if it is no picture that is known, so maybe a video.

    Raises:
        OSError: The file cannot be read.
        MediaError: It is empty.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, file.seek(0, 2) - _TAIL))
        sample = FileSample(head, file.read(_TAIL), path.suffix.lower())
    if not head:
        raise MediaError(f"{path.name} is empty", hint="copy or download it again")
    return next((kind for kind in TABLE if kind.matches(sample)), None)


def row_of(name: ImageFormat) -> FileKind:
    """Return the row of a format that is read."""
    return next(kind for kind in TABLE if kind.format == name)


def _starts(*magics: bytes) -> Callable[[FileSample], bool]:
    return lambda sample: sample.head.startswith(magics)


def _is_webp(sample: FileSample) -> bool:
    return sample.head[:4] == b"RIFF" and sample.head[8:12] == b"WEBP"


def _is_bmp(sample: FileSample) -> bool:
    size = int.from_bytes(sample.head[14:18], "little")
    return sample.head[:2] == b"BM" and len(sample.head) > 18 and size in _BMP_HEADERS


def _brands(sample: FileSample) -> tuple[bytes, frozenset[bytes]]:
    """Return the major brand of an ISO file, and all of its brands."""
    head = sample.head
    if head[4:8] != b"ftyp":
        return b"", frozenset()
    end = min(int.from_bytes(head[:4], "big"), 512)
    others = {head[at : at + 4] for at in range(16, end - 3, 4)}
    return head[8:12], frozenset({head[8:12], *others})


def _is_avif(sample: FileSample) -> bool:
    major, brands = _brands(sample)
    return major == b"avif" or (major == b"mif1" and b"avif" in brands)


def _is_heif(sample: FileSample) -> bool:
    major, brands = _brands(sample)
    return major in _HEIF_BRANDS or (
        major in _SEQUENCE_BRANDS and bool(brands & _HEIF_BRANDS) and b"avis" not in brands
    )


def _is_ppm(sample: FileSample) -> bool:
    head = sample.head
    return head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n" and len(head) > 3


def _is_pcx(sample: FileSample) -> bool:
    head = sample.head
    if len(head) < 128 or head[0] != 10 or head[1] not in (0, 2, 3, 4, 5) or head[2] != 1:
        return False
    left, top, right, bottom = struct.unpack_from("<4H", head, 4)
    return bool(head[3] in (1, 2, 4, 8) and left <= right and top <= bottom)


def _is_tga(sample: FileSample) -> bool:
    """Return True for the newer TGA by its footer, for the older by suffix and header."""
    if sample.tail[-18:] == b"TRUEVISION-XFILE.\0":
        return True
    head = sample.head
    return (
        sample.suffix in (".tga", ".icb", ".vda", ".vst")
        and len(head) > 18
        and head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and head[16] in (1, 8, 15, 16, 24, 32)
    )


def _is_icon(kind: int) -> Callable[[FileSample], bool]:
    magic = bytes([0, 0, kind, 0])

    def matches(sample: FileSample) -> bool:
        head = sample.head
        count = int.from_bytes(head[4:6], "little")
        entry = head[6:22]
        return (
            head.startswith(magic)
            and 0 < count < 256
            and len(entry) == 16
            and entry[3] == 0
            and int.from_bytes(entry[12:16], "little") >= 6 + 16 * count
        )

    return matches


def _is_raw(sample: FileSample) -> bool:
    head = sample.head
    if head.startswith(_RAW_MAGIC):
        return True
    if _brands(sample)[0] == b"crx ":
        return True
    if not head.startswith(_TIFF_MAGIC):
        return False
    tags = dict(_first_directory(head))
    return (
        sample.suffix in RAW_SUFFIXES
        or head[8:10] == b"CR"
        or _DNG_VERSION in tags
        or tags.get(_PHOTOMETRIC) in _SENSOR
        or tags.get(_COMPRESSION) in _RAW_CODINGS
        or (_SUB_DIRECTORIES in tags and tags.get(_SUBFILE) == 1)
    )


def _first_directory(head: bytes) -> Iterator[tuple[int, int]]:
    """Yield (tag, number) of the first directory of a TIFF file, as far as ``head`` reaches."""
    order = "<" if head[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(order + "I", head, 4)
        (count,) = struct.unpack_from(order + "H", head, at)
        for index in range(count):
            tag, kind = struct.unpack_from(order + "HH", head, at + 2 + 12 * index)
            form = "H" if kind == 3 else "I"
            yield tag, struct.unpack_from(order + form, head, at + 10 + 12 * index)[0]
    except struct.error:
        return


def _is_svg(sample: FileSample) -> bool:
    text = sample.head[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--")) and b"<svg" in text)


_PNG_INSTEAD = ".png"

TABLE: tuple[FileKind, ...] = (
    FileKind(
        _is_raw,
        None,
        refusal="a raw photo",
        hint="develop it first: open it in your photo program and save it as JPEG or TIFF",
    ),
    FileKind(_starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), "JPEGXL", suffix=".jpg"),
    FileKind(_starts(b"II\xbc"), None, refusal="a JPEG XR picture"),
    FileKind(_starts(b"\xff\xd8\xff\xf7"), None, refusal="a JPEG-LS picture"),
    FileKind(_starts(b"\xff\xd8\xff"), "JPEG", "JpegImagePlugin:JpegImageFile"),
    FileKind(_starts(b"\x89PNG\r\n\x1a\n"), "PNG", "PngImagePlugin:PngImageFile"),
    FileKind(_starts(b"GIF87a", b"GIF89a"), "GIF", "GifImagePlugin:GifImageFile"),
    FileKind(_is_webp, "WEBP", "WebPImagePlugin:WebPImageFile"),
    FileKind(_is_bmp, "BMP", "BmpImagePlugin:BmpImageFile"),
    FileKind(_starts(*_TIFF_MAGIC), "TIFF", "TiffImagePlugin:TiffImageFile"),
    FileKind(_is_avif, "AVIF", "AvifImagePlugin:AvifImageFile"),
    FileKind(_is_heif, "HEIF", suffix=".jpg"),
    FileKind(
        _starts(b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
        "JPEG2000",
        "Jpeg2KImagePlugin:Jpeg2KImageFile",
        suffix=_PNG_INSTEAD,
    ),
    FileKind(_is_ppm, "PPM", "PpmImagePlugin:PpmImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"DDS "), "DDS", "DdsImagePlugin:DdsImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"8BPS\0\x01"), "PSD", "PsdImagePlugin:PsdImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"qoif"), "QOI", "QoiImagePlugin:QoiImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"icns"), "ICNS", "IcnsImagePlugin:IcnsImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"\x01\xda"), "SGI", "SgiImagePlugin:SgiImageFile", suffix=_PNG_INSTEAD),
    FileKind(
        _starts(b"\x59\xa6\x6a\x95"), "SUN", "SunImagePlugin:SunImageFile", suffix=_PNG_INSTEAD
    ),
    FileKind(_is_icon(1), "ICO", "IcoImagePlugin:IcoImageFile", suffix=_PNG_INSTEAD),
    FileKind(_is_icon(2), "CUR", "CurImagePlugin:CurImageFile", suffix=_PNG_INSTEAD),
    FileKind(_is_pcx, "PCX", "PcxImagePlugin:PcxImageFile", suffix=_PNG_INSTEAD),
    FileKind(_is_tga, "TGA", "TgaImagePlugin:TgaImageFile", suffix=_PNG_INSTEAD),
    FileKind(_starts(b"%PDF"), None, refusal="a PDF document"),
    FileKind(_starts(b"%!PS", b"\xc5\xd0\xd3\xc6"), None, refusal="a PostScript document"),
    FileKind(_is_svg, None, refusal="an SVG drawing"),
    FileKind(_starts(b"\x76\x2f\x31\x01"), None, refusal="an OpenEXR picture"),
    FileKind(_starts(b"#?RADIANCE", b"#?RGBE"), None, refusal="a Radiance HDR picture"),
    FileKind(_starts(b"SDPX", b"XPDS"), None, refusal="a DPX picture"),
    FileKind(_starts(b"P7\n", b"PF\n", b"Pf\n"), None, refusal="a PAM or PFM picture"),
    FileKind(_starts(b"gimp xcf"), None, refusal="a GIMP file"),
)
"""Every kind of picture, the first match counts. Everything else is given to FFmpeg as a video."""
