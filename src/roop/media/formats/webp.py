"""Read and write animated WebP files."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from roop.media.formats import exif
from roop.media.formats.canvas import AnimationTiming, DrawnFrame, FramePatch, Rgba
from roop.media.formats.image_files import check_size
from roop.types import Box

LOSSY_QUALITY = 95
"""Quality of frames that are encoded again in a lossy file."""

_TICK = Fraction(1, 1000)
_ALPHA_FLAG, _ANIMATION_FLAG = 0x10, 0x02
_DESCRIPTION_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_LONGEST = 0xFFFFFF


@dataclass(frozen=True, slots=True)
class RiffChunk:
    """A chunk of a file."""

    name: bytes
    body: bytes

    def encode(self) -> bytes:
        """Return the bytes of the chunk."""
        padding = b"\0" * (len(self.body) & 1)
        return self.name + len(self.body).to_bytes(4, "little") + self.body + padding


def chunks(file: BinaryIO, start: int = 12) -> Iterator[RiffChunk]:
    """Yield the chunks of an open file up to its end, or to where it is truncated."""
    file.seek(start)
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[4:], "little")
        body = file.read(length)
        if len(body) < length:
            return
        yield RiffChunk(head[:4], body)
        file.seek(length & 1, 1)


class Webp:
    """An animated WebP file, open for reading.

    Raises:
        ValueError: The file is damaged in its first frame.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        header, control = b"", b"\0" * 6
        durations: list[Fraction] = []
        self.metadata: dict[bytes, bytes] = {}
        """ICC, EXIF and XMP by the names of their chunks."""
        for part in chunks(file):
            if part.name == b"VP8X":
                header = part.body
            elif part.name == b"ANIM":
                control = part.body
            elif part.name == b"ANMF" and len(part.body) > 16:
                durations.append(_number(part.body, 12) * _TICK)
            elif part.name in _DESCRIPTION_FLAGS:
                self.metadata[part.name] = part.body
        if not durations or len(header) < 10 or len(control) < 6:
            raise ValueError("it has no frame")
        if b"EXIF" in self.metadata:
            block = self.metadata[b"EXIF"]
            prefix = b"Exif\0\0" if block.startswith(b"Exif\0\0") else b""
            block, _ = exif.without_pictures(block.removeprefix(prefix), None)
            self.metadata[b"EXIF"] = prefix + block
        size = _number(header, 4) + 1, _number(header, 7) + 1
        check_size(path, size)
        self.background = control[:4]
        """The background colour, BGRA, which most viewers ignore."""
        self.timing = AnimationTiming(
            size=size,
            plays=int.from_bytes(control[4:6], "little"),
            durations=tuple(durations),
            alpha=bool(header[0] & _ALPHA_FLAG),
        )

    def patches(self) -> Iterator[FramePatch | None]:
        """Decode the frames in order; None stands for a damaged one."""
        for part in chunks(self._file):
            if part.name == b"ANMF" and len(part.body) > 16:
                yield self._patch(part.body)

    def _patch(self, body: bytes) -> FramePatch | None:
        left, top = 2 * _number(body, 0), 2 * _number(body, 3)
        width, height = _number(body, 6) + 1, _number(body, 9) + 1
        box = Box(left, top, left + width, top + height)
        if box != box.clipped(self.timing.size):
            return None
        parts = list(chunks(io.BytesIO(body), 16))
        pixels = None
        if sum(part.name in (b"VP8 ", b"VP8L") for part in parts) == 1:
            pixels = _decoded((width, height), parts)
        if pixels is None:
            return None
        return FramePatch(
            box=box,
            pixels=pixels,
            blend=not body[15] & 2,
            disposal="clear" if body[15] & 1 else "keep",
            duration=_number(body, 12) * _TICK,
            stored=RiffChunk(b"ANMF", body).encode(),
            lossless=any(part.name == b"VP8L" for part in parts),
        )


class WebpEncoder:
    """Writes an animated WebP file.

    Args:
        file: The file to write, at its start.
        timeline: Size and repetition.
        source: The target, if it is an animated WebP too.
    """

    copies = True

    def __init__(self, file: BinaryIO, timing: AnimationTiming, source: Webp | None) -> None:
        self._file = file
        self._time = Fraction(0)
        self._metadata = source.metadata if source else {}
        flags = _ANIMATION_FLAG | (_ALPHA_FLAG if timing.alpha else 0)
        for name in self._metadata:
            flags |= _DESCRIPTION_FLAGS[name]
        size = b"".join((side - 1).to_bytes(3, "little") for side in timing.size)
        file.write(
            b"RIFF\0\0\0\0WEBP" + RiffChunk(b"VP8X", bytes([flags, 0, 0, 0]) + size).encode()
        )
        if icc := self._metadata.get(b"ICCP"):
            file.write(RiffChunk(b"ICCP", icc).encode())
        background = source.background if source else b"\0\0\0\0"
        plays = min(timing.plays, 0xFFFF).to_bytes(2, "little")
        file.write(RiffChunk(b"ANIM", background + plays).encode())

    def copy(self, patch: FramePatch) -> None:
        """Write a stored frame of the target."""
        self._file.write(patch.stored)

    def draw(self, drawn: DrawnFrame) -> Rgba:
        """Encode a frame, without loss unless the target's frame is lossy."""
        start, self._time = self._time, self._time + drawn.duration
        if drawn.patch is not None:
            ticks = int(drawn.patch.duration / _TICK)
        else:
            ticks = min(round(self._time / _TICK) - round(start / _TICK), _LONGEST)
        box = drawn.box
        sides = (box.x0 // 2, box.y0 // 2, box.width - 1, box.height - 1, ticks)
        flags = 2 | (drawn.disposal == "clear")
        lossless = drawn.patch is None or drawn.patch.lossless
        body = b"".join(side.to_bytes(3, "little") for side in sides) + bytes([flags])
        body += _encoded(drawn, lossless=lossless)
        self._file.write(RiffChunk(b"ANMF", body).encode())
        return drawn.wanted

    def close(self) -> None:
        """Complete the file."""
        for name in (b"EXIF", b"XMP "):
            if metadata := self._metadata.get(name):
                self._file.write(RiffChunk(name, metadata).encode())
        length = self._file.tell() - 8
        self._file.seek(4)
        self._file.write(length.to_bytes(4, "little"))


def _number(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 3], "little")


def _decoded(size: tuple[int, int], parts: list[RiffChunk]) -> Rgba | None:
    """Return the RGBA pixels of one frame, decoded as a still image."""
    flags = _ALPHA_FLAG if any(part.name in (b"ALPH", b"VP8L") for part in parts) else 0
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    header = RiffChunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)
    pixel_chunks = [part for part in parts if part.name in (b"ALPH", b"VP8 ", b"VP8L")]
    body = b"WEBP" + b"".join(part.encode() for part in (header, *pixel_chunks))
    stream = io.BytesIO(b"RIFF" + len(body).to_bytes(4, "little") + body)
    try:
        with WebPImageFile(stream) as image:
            image.load()
            if image.size != size:
                return None
            return np.array(image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, EOFError):
        return None


def _encoded(drawn: DrawnFrame, *, lossless: bool) -> bytes:
    pixels = drawn.wanted
    if (pixels[..., 3] == 255).all():
        pixels = np.ascontiguousarray(pixels[..., :3])
    options: dict[str, int | bool] = {"quality": LOSSY_QUALITY, "method": 3}
    if lossless:
        options = {"lossless": True, "exact": True, "quality": 60, "method": 3}
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", **options)
    parts = chunks(stream)
    return b"".join(part.encode() for part in parts if part.name in (b"ALPH", b"VP8 ", b"VP8L"))
