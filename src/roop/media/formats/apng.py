"""Take animated PNG files apart and put them together."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from roop.media.formats import png
from roop.media.formats.canvas import AnimationTiming, Cel, Disposal, DrawnFrame, Rgba
from roop.media.formats.picture_files import check_size
from roop.types import Box

_DISPOSALS: tuple[Disposal, ...] = ("keep", "clear", "restore")
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_PALETTE_TYPE = 3
_LARGEST = 0xFFFF


@dataclass(slots=True)
class _Block:
    """A frame's part of the file, not decoded."""

    control: bytes
    """The body of its fcTL chunk."""
    data: list[bytes] = field(default_factory=list)
    """Its deflated pixels, without sequence numbers."""

    @property
    def duration(self) -> Fraction:
        delay = int.from_bytes(self.control[20:22], "big")
        return Fraction(delay, int.from_bytes(self.control[22:24], "big") or 100)


class Apng:
    """An animated PNG file that is open for reading.

    Raises:
        ValueError: The file is damaged in its first frame.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._head: list[png.PngChunk] = []
        plays = 0
        for part in self._parts():
            if part.name in (b"IHDR", b"PLTE", b"tRNS"):
                self._head.append(part)
            elif part.name == b"acTL":
                plays = int.from_bytes(part.body[4:8], "big")
        form = self._head[0].body
        size = int.from_bytes(form[:4], "big"), int.from_bytes(form[4:8], "big")
        check_size(path, size)
        has_key = any(part.name == b"tRNS" for part in self._head)
        self.channels = 4 if form[9] == _PALETTE_TYPE or has_key else _CHANNELS[form[9]]
        """Of the picture as it is edited; palettes and colour keys become true colour."""
        self.plain = form[8] == 8 and form[9] != _PALETTE_TYPE and not has_key
        """True if frames can be taken over as they are stored."""
        self.depth: int = form[8]
        durations = tuple(block.duration for block in self._blocks() if block.data)
        if not durations:
            raise ValueError("it holds no frame")
        self.timeline = AnimationTiming(
            size=size,
            plays=plays,
            durations=durations,
            alpha=self.channels in (2, 4),
        )

    def descriptions(self) -> png.Ancillary:
        """Return the chunks that go with the edited animation."""
        return png.ancillary(self._parts(), expanded=not self.plain)

    def cels(self) -> Iterator[Cel | None]:
        """Decode the frames in order; None stands for one that is damaged."""
        return (self._cel(block) for block in self._blocks() if block.data)

    def _parts(self) -> Iterator[png.PngChunk]:
        """The chunks up to the end, or to where the file breaks off."""
        try:
            yield from png.chunks(self._file)
        except ValueError:
            return

    def _blocks(self) -> Iterator[_Block]:
        """The frames; a picture for viewers that know no animation is not among them."""
        block: _Block | None = None
        for part in self._parts():
            if part.name == b"fcTL":
                if block is not None:
                    yield block
                block = _Block(part.body)
            elif block is not None and part.name == b"IDAT":
                block.data.append(part.body)
            elif block is not None and part.name == b"fdAT":
                block.data.append(part.body[4:])
        if block is not None:
            yield block

    def _cel(self, block: _Block) -> Cel | None:
        control = block.control
        width, height, left, top = (
            int.from_bytes(control[at : at + 4], "big") for at in (4, 8, 12, 16)
        )
        box = Box(left, top, left + width, top + height)
        if len(control) < 26 or box != box.clipped(self.timeline.size) or not width * height:
            return None
        pixels = self._decoded((width, height), block.data)
        if pixels is None:
            return None
        return Cel(
            box=box,
            pixels=pixels,
            over=control[25] == 1,
            disposal=_DISPOSALS[control[24] % 3],
            duration=block.duration,
            stored=control + b"".join(block.data),
        )

    def _decoded(self, size: tuple[int, int], data: list[bytes]) -> Rgba | None:
        first, *others = self._head
        sides = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
        parts = [
            png.PngChunk(b"IHDR", sides + first.body[8:]),
            *others,
            png.PngChunk(b"IDAT", b"".join(data)),
            png.PngChunk(b"IEND", b""),
        ]
        stream = io.BytesIO(png.SIGNATURE + b"".join(part.packed() for part in parts))
        try:
            with PngImageFile(stream) as image:
                image.load()
                return np.array(image.convert("RGBA"))
        except (OSError, SyntaxError, ValueError):
            return None


class ApngEncoder:
    """Writes an animated PNG file.

    Args:
        file: Where to, at its beginning.
        timeline: Size and repetition.
        source: The target if it is an animated PNG too.
    """

    def __init__(self, file: BinaryIO, timeline: AnimationTiming, source: Apng | None) -> None:
        self._file = file
        self._plays = timeline.plays
        self.copies = source is not None and source.plain
        self._channels = source.channels if source else 4 if timeline.alpha else 3
        self._words = source.descriptions() if source else png.Ancillary((), ())
        self._sequence = self._frames = 0
        example = np.empty((1, 1, self._channels), np.uint8)
        file.write(png.SIGNATURE + png.header(timeline.size, example).packed())
        self._control_at = file.tell()
        self._write_control()
        for part in self._words.before:
            file.write(part.packed())

    def copy(self, cel: Cel) -> None:
        """Write a frame of the target as it is stored."""
        self._write_frame(cel.stored[4:26], cel.stored[26:])

    def draw(self, drawing: DrawnFrame) -> Rgba:
        """Encode a frame; it is shown exactly."""
        channels = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[self._channels]
        samples = np.ascontiguousarray(drawing.wanted[..., channels])
        box = drawing.box
        sides = (box.width, box.height, box.x0, box.y0)
        delay = drawing.duration.limit_denominator(_LARGEST)
        ticks = min(delay.numerator, _LARGEST), delay.denominator
        if drawing.cel is not None:
            times = drawing.cel.stored[20:24]
        else:
            times = b"".join(number.to_bytes(2, "big") for number in ticks)
        control = b"".join(side.to_bytes(4, "big") for side in sides) + times
        ending = bytes([_DISPOSALS.index(drawing.disposal), 0])
        self._write_frame(control + ending, png.compressed(samples))
        return drawing.wanted

    def close(self) -> None:
        """Complete the file."""
        for part in (*self._words.after, png.PngChunk(b"IEND", b"")):
            self._file.write(part.packed())
        self._file.seek(self._control_at)
        self._write_control()

    def _write_control(self) -> None:
        numbers = self._frames.to_bytes(4, "big") + self._plays.to_bytes(4, "big")
        self._file.write(png.PngChunk(b"acTL", numbers).packed())

    def _write_frame(self, control: bytes, data: bytes) -> None:
        self._write_numbered(b"fcTL", control)
        if self._frames == 0:
            self._file.write(png.PngChunk(b"IDAT", data).packed())
        else:
            self._write_numbered(b"fdAT", data)
        self._frames += 1

    def _write_numbered(self, name: bytes, body: bytes) -> None:
        self._file.write(png.PngChunk(name, self._sequence.to_bytes(4, "big") + body).packed())
        self._sequence += 1
