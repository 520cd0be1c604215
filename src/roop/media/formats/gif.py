"""Read and write GIF files, keeping the colours of all pixels that were not edited."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roop.media.formats.canvas import AnimationTiming, Disposal, DrawnFrame, FramePatch, Rgba
from roop.media.formats.embedded import holds_picture
from roop.media.formats.gif_palette import IndexedPixels, index_colours
from roop.media.formats.image_files import check_size
from roop.media.frames.stored_frame import StoredSamples, depth8, rgb8
from roop.types import Box

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
_CONTROL, _APPLICATION = 0xF9, 0xFF
_TICK = Fraction(1, 100)
_SHORTEST = 2
"""Shortest delay in ticks; viewers replace a shorter one by ``_DEFAULT``."""
_DEFAULT = 10
_LONGEST_BLOCK = 255
_DISPOSALS: dict[int, Disposal] = {2: "clear", 3: "restore"}


@dataclass(frozen=True, slots=True, eq=False)
class GifPatch(FramePatch):
    """A frame of a GIF file with the extensions before its image."""

    extensions: bytes = b""
    """Comments and other extensions."""
    control: bytes = b"\0\0\0\0"
    """The four bytes of the graphic control extension: flags, delay, transparent index."""


@dataclass(frozen=True, slots=True)
class GifBlock:
    """A frame in the file, not decoded."""

    extensions: bytes
    control: bytes
    descriptor: bytes
    """Nine bytes: left, top, width, height, flags."""
    table: bytes
    """The local colour table; empty if the global one is used."""
    data: bytes
    """Code size and compressed indices."""
    stored: bytes

    @property
    def ticks(self) -> int:
        """How long viewers show it, in hundredths of a second."""
        delay = int.from_bytes(self.control[1:3], "little")
        return delay if delay >= _SHORTEST else _DEFAULT


class Gif:
    """A GIF file, open for reading.

    Raises:
        ValueError: The file is damaged in its first frame.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        file.seek(0)
        head = file.read(13)
        table = _read(file, 3 << (head[10] & 7) + 1) if head[10] & 0x80 else b""
        self._table = table
        self._start = file.tell()
        extensions: list[bytes] = []
        durations: list[Fraction] = []
        self.truncated = False
        """True if the file ends before its last frame does."""
        for block in self.blocks():
            extensions.append(block.extensions)
            durations.append(block.ticks * _TICK)
        if not durations:
            raise ValueError("it has no frame")
        size = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
        check_size(path, size)
        self.head = head + table
        """Everything before the first extension."""
        self.timing = AnimationTiming(
            size=size,
            plays=_plays(extensions[0]),
            durations=tuple(durations),
            alpha=True,
        )

    def patches(self) -> Iterator[FramePatch | None]:
        """Decode the frames in order; None stands for a damaged one."""
        for block in self.blocks():
            yield self._patch(block)

    def blocks(self) -> Iterator[GifBlock]:
        """Yield the frames up to the trailer, or to where the file is truncated."""
        self._file.seek(self._start)
        try:
            while (block := _next_block(self._file)) is not None:
                yield block
        except (ValueError, IndexError):
            self.truncated = True

    def _patch(self, block: GifBlock) -> FramePatch | None:
        left, top, width, height = np.frombuffer(block.descriptor, "<u2", 4).tolist()
        check_size(self._path, (max(1, width), max(1, height)))
        flags, control = block.descriptor[8], block.control
        try:
            flat = Image.frombytes(
                "P", (width, height), block.data[1:], "gif", block.data[0], flags >> 6 & 1, -1
            )
        except (ValueError, OSError):
            return None
        indices = np.asarray(flat)
        box = Box(left, top, left + width, top + height).clipped(self.timing.size)
        pixels = _apply_palette(indices[: box.height, : box.width], block.table or self._table)
        if control[0] & 1:
            pixels[indices[: box.height, : box.width] == control[3]] = 0
        return GifPatch(
            box=box,
            pixels=pixels,
            blend=True,
            disposal=_DISPOSALS.get(control[0] >> 2 & 7, "keep"),
            duration=block.ticks * _TICK,
            stored=block.stored,
            extensions=block.extensions,
            control=control,
        )


class GifEncoder:
    """Writes a GIF file.

    Args:
        file: The file to write, at its start.
        timeline: Size and repetition.
        source: The target, if it is a GIF too: its head and frames can be copied.
    """

    def __init__(self, file: BinaryIO, timing: AnimationTiming, source: Gif | None) -> None:
        self._file = file
        self.copies = source is not None
        self._time = Fraction(0)
        if source is not None:
            file.write(b"GIF89a" + source.head[6:])
            return
        size = b"".join(side.to_bytes(2, "little") for side in timing.size)
        file.write(b"GIF89a" + size + b"\x70\0\0")
        if timing.plays != 1:  # the field counts repetitions; 0 is forever
            again = max(0, timing.plays - 1).to_bytes(2, "little")
            file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + again + b"\0")

    def copy(self, patch: FramePatch) -> None:
        """Write a stored frame of the target."""
        self._file.write(patch.stored)

    def draw(self, drawn: DrawnFrame) -> Rgba:
        """Encode a frame with a local colour table; return the pixels that it shows."""
        indexed = index_colours(drawn)
        before = self._before(drawn, indexed.transparent)
        self._file.write(before + _image(indexed, drawn.box))
        return indexed.displayed

    def close(self) -> None:
        """Complete the file."""
        self._file.write(_TRAILER)

    def _before(self, drawn: DrawnFrame, transparent: int | None) -> bytes:
        """Return the extensions of a frame, including its delay."""
        start, self._time = self._time, self._time + drawn.duration
        if isinstance(drawn.patch, GifPatch):
            extensions, (flags, *delay, _) = drawn.patch.extensions, drawn.patch.control
        else:
            ticks = min(round(self._time / _TICK) - round(start / _TICK), 0xFFFF)
            flags = {"keep": 1, "clear": 2, "restore": 3}[drawn.disposal] << 2
            extensions, delay = b"", list(ticks.to_bytes(2, "little"))
        flags = flags & ~1 | (transparent is not None)
        return extensions + b"!\xf9\x04" + bytes([flags, *delay, transparent or 0]) + b"\0"


def comment(text: bytes) -> bytes:
    """Return the extension for a comment."""
    parts = [text[at : at + _LONGEST_BLOCK] for at in range(0, len(text), _LONGEST_BLOCK)]
    return b"!\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def descriptions(picture: Gif) -> tuple[bytes, bool]:
    """Return the comments and other extensions of a still, and whether some show a picture."""
    block = next(picture.blocks())
    parts = _extensions(block.extensions)
    kept = [part for part in parts if not holds_picture(_joined(part))]
    return b"".join(kept), len(kept) < len(parts)


def encode_still(
    samples: StoredSamples, edited: NDArray[np.bool_], extensions: bytes = b""
) -> bytes:
    """Return a GIF file of one frame; half-transparent pixels become opaque.

    Args:
        samples: ``(H, W, 3 or 4)``.
        edited: ``(H, W)``, where colours may be approximated by dithering.
        extensions: Comments and other extensions, as they are stored.
    """
    height, width = samples.shape[:2]
    opaque = np.full((height, width, 1), 255, np.uint8)
    if samples.shape[2] == 4:
        opaque = np.where(depth8(samples[..., 3:]) >= 128, 255, 0).astype(np.uint8)
    wanted = np.dstack([rgb8(samples), opaque])
    box = Box(0, 0, width, height)
    drawn = DrawnFrame(
        box=box,
        wanted=wanted,
        before=np.zeros_like(wanted),
        visible=np.zeros_like(wanted),
        edited=edited,
        disposal="keep",
        duration=Fraction(0),
        patch=None,
    )
    indexed = index_colours(drawn)
    size: bytes = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    control = b""
    if indexed.transparent is not None:
        control = b"!\xf9\x04\x01\0\0" + bytes([indexed.transparent]) + b"\0"
    head = b"GIF89a" + size + b"\x70\0\0"
    return head + extensions + control + _image(indexed, box) + _TRAILER


def _image(indexed: IndexedPixels, box: Box) -> bytes:
    """Return an image block with a local table of 256 colours."""
    sides = (box.x0, box.y0, box.width, box.height)
    descriptor = _IMAGE + b"".join(side.to_bytes(2, "little") for side in sides) + b"\x87"
    flat = Image.frombytes("P", (box.width, box.height), indexed.indices.tobytes())
    compressed: bytes = flat.tobytes("gif", "P", 8, 0)
    return descriptor + indexed.table.ljust(768, b"\0") + b"\x08" + compressed + b"\0"


def _extensions(stored: bytes) -> list[bytes]:
    """Split extensions."""
    file, parts, start = io.BytesIO(stored), [], 0
    while file.read(1) == _EXTENSION:
        file.read(1)
        _subblocks(file)
        parts.append(stored[start : file.tell()])
        start = file.tell()
    return parts


def _joined(extension: bytes) -> bytes:
    """Return the content of an extension without the lengths of its sub-blocks."""
    parts, at = [], 2
    while at < len(extension) and extension[at]:
        parts.append(extension[at + 1 : at + 1 + extension[at]])
        at += 1 + extension[at]
    return b"".join(parts)


def _apply_palette(indices: NDArray[np.uint8], table: bytes) -> NDArray[np.uint8]:
    colours = np.zeros((256, 4), np.uint8)
    colours[:, 3] = 255
    known = np.frombuffer(table, np.uint8).reshape(-1, 3)
    colours[: len(known), :3] = known
    return colours[indices]


def _next_block(file: BinaryIO) -> GifBlock | None:
    """Return the next frame with its extensions; None at the trailer.

    Raises:
        ValueError, IndexError: The file is truncated.
    """
    start, extensions, control = file.tell(), b"", b"\0\0\0\0"
    while (kind := file.read(1)) == _EXTENSION:
        label = file.read(1)
        body = _subblocks(file)
        if label[0] == _CONTROL:
            control = body[1:5]
        else:
            extensions += kind + label + body
    if kind != _IMAGE:
        return None
    descriptor = _read(file, 9)
    flags = descriptor[8]
    table = _read(file, 3 << (flags & 7) + 1) if flags & 0x80 else b""
    data = _read(file, 1) + _subblocks(file)
    end = file.tell()
    file.seek(start)
    return GifBlock(extensions, control, descriptor, table, data, _read(file, end - start))


def _subblocks(file: BinaryIO) -> bytes:
    """Return a chain of sub-blocks with their lengths, including the empty one at its end."""
    parts: list[bytes] = []
    while True:
        length = _read(file, 1)
        parts.append(length)
        if length == b"\0":
            return b"".join(parts)
        parts.append(_read(file, length[0]))


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("the file is truncated")
    return data


def _plays(extensions: bytes) -> int:
    """Return how often the animation is played, from the extensions before its first frame."""
    at = extensions.find(b"NETSCAPE2.0\x03\x01")
    if at < 0:
        return 1
    again = int.from_bytes(extensions[at + 13 : at + 15], "little")
    return again + 1 if again else 0
