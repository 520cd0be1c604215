"""Read and write animated PNG files."""

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from roop.media.formats import png
from roop.media.formats.canvas import AnimationTiming, Disposal, DrawnFrame, FramePatch, Rgba
from roop.media.formats.image_files import check_size
from roop.types import Box

_DISPOSALS: tuple[Disposal, ...] = ("keep", "clear", "restore")
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_PALETTE_TYPE = 3
_LARGEST = 0xFFFF


@dataclass(slots=True)
class _Block:
    """A frame in the file, not decoded."""

    control: bytes
    """The body of its fcTL chunk."""
    data: list[bytes] = field(default_factory=list)
    """The deflated pixels, without sequence numbers."""

    @property
    def duration(self) -> Fraction:
        delay = int.from_bytes(self.control[20:22], "big")
        return Fraction(delay, int.from_bytes(self.control[22:24], "big") or 100)


class Apng:
    """An animated PNG file, open for reading.

    Raises:
        ValueError: The file is damaged in its first frame.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._head: list[png.PngChunk] = []
        self._promised = plays = 0
        self.hidden = False
        """True if the file also has a picture for viewers that cannot play it."""
        for part in self._parts():
            if part.name in (b"IHDR", b"PLTE", b"tRNS"):
                self._head.append(part)
            elif part.name == b"acTL":
                self._promised = int.from_bytes(part.body[:4], "big")
                plays = int.from_bytes(part.body[4:8], "big")
        form = self._head[0].body
        size = int.from_bytes(form[:4], "big"), int.from_bytes(form[4:8], "big")
        check_size(path, size)
        has_key = any(part.name == b"tRNS" for part in self._head)
        self.channels = 4 if form[9] == _PALETTE_TYPE or has_key else _CHANNELS[form[9]]
        """Number of channels for editing; palettes and colour keys become true colour."""
        self.plain = form[8] == 8 and form[9] != _PALETTE_TYPE and not has_key
        """True if stored frames can be copied."""
        self.depth: int = form[8]
        blocks = list(self._blocks())
        durations = tuple(block.duration for block in blocks if block.data)
        if not durations:
            raise ValueError("it has no frame")
        self.timing = AnimationTiming(
            size=size,
            plays=plays,
            durations=durations,
            alpha=self.channels in (2, 4),
        )

    @property
    def damage(self) -> str | None:
        """What is wrong with the sequence of its frames; None if it is intact."""
        missing = self._promised - len(self.timing.durations)
        if missing > 0:
            return f"{len(self.timing.durations)} of {self._promised} frames are there"
        numbers = [
            int.from_bytes(part.body[:4], "big")
            for part in self._parts()
            if part.name in (b"fcTL", b"fdAT")
        ]
        if numbers != list(range(len(numbers))):
            return "its frames are not numbered one after the other and are taken as they come"
        return None

    def metadata(self) -> png.Ancillary:
        """Return the metadata chunks that still apply to the edited animation."""
        return png.without_pictures(png.ancillary(self._parts(), expanded=not self.plain))[0]

    def patches(self) -> Iterator[FramePatch | None]:
        """Decode the frames in order; None stands for a damaged one."""
        return (self._patch(block) for block in self._blocks() if block.data)

    def _parts(self) -> Iterator[png.PngChunk]:
        """Yield the chunks up to the end, or to where the file is truncated."""
        try:
            yield from png.chunks(self._file)
        except ValueError:
            return

    def _blocks(self) -> Iterator[_Block]:
        """Yield the frames, without a default image that is not part of the animation."""
        block: _Block | None = None
        for part in self._parts():
            if part.name == b"fcTL":
                if block is not None:
                    yield block
                block = _Block(part.body)
            elif block is None and part.name == b"IDAT":
                self.hidden = True
            elif block is not None and part.name == b"IDAT":
                block.data.append(part.body)
            elif block is not None and part.name == b"fdAT":
                block.data.append(part.body[4:])
        if block is not None:
            yield block

    def _patch(self, block: _Block) -> FramePatch | None:
        control = block.control
        width, height, left, top = (
            int.from_bytes(control[at : at + 4], "big") for at in (4, 8, 12, 16)
        )
        box = Box(left, top, left + width, top + height)
        if len(control) < 26 or box != box.clipped(self.timing.size) or not width * height:
            return None
        pixels = self._decoded((width, height), block.data)
        if pixels is None:
            return None
        return FramePatch(
            box=box,
            pixels=pixels,
            blend=control[25] == 1,
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
        stream = io.BytesIO(png.SIGNATURE + b"".join(part.encode() for part in parts))
        try:
            with PngImageFile(stream) as image:
                image.load()
                return np.array(image.convert("RGBA"))
        except (OSError, SyntaxError, ValueError):
            return None


def holds_frames(file: BinaryIO) -> bool:
    """Return True if an open PNG file has pixels of an animation, even of a damaged one."""
    with suppress(ValueError):
        return any(part.name == b"fdAT" for part in png.chunks(file))
    return False


class ApngEncoder:
    """Writes an animated PNG file.

    Args:
        file: The file to write, at its start.
        timeline: Size and repetition.
        source: The target, if it is an animated PNG too.
    """

    def __init__(self, file: BinaryIO, timing: AnimationTiming, source: Apng | None) -> None:
        self._file = file
        self._plays = timing.plays
        self.copies = source is not None and source.plain
        self._channels = source.channels if source else 4 if timing.alpha else 3
        self._metadata = source.metadata() if source else png.Ancillary((), ())
        self._sequence = self._frames = 0
        example = np.empty((1, 1, self._channels), np.uint8)
        file.write(png.SIGNATURE + png.image_header(timing.size, example).encode())
        self._control_at = file.tell()
        self._write_control()
        for part in self._metadata.before:
            file.write(part.encode())

    def copy(self, patch: FramePatch) -> None:
        """Write a stored frame of the target."""
        self._write_frame(patch.stored[4:26], patch.stored[26:])

    def draw(self, drawn: DrawnFrame) -> Rgba:
        """Encode a frame without loss."""
        channels = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[self._channels]
        samples = np.ascontiguousarray(drawn.wanted[..., channels])
        box = drawn.box
        sides = (box.width, box.height, box.x0, box.y0)
        delay = drawn.duration.limit_denominator(_LARGEST)
        ticks = min(delay.numerator, _LARGEST), delay.denominator
        if drawn.patch is not None:
            times = drawn.patch.stored[20:24]
        else:
            times = b"".join(number.to_bytes(2, "big") for number in ticks)
        control = b"".join(side.to_bytes(4, "big") for side in sides) + times
        ending = bytes([_DISPOSALS.index(drawn.disposal), 0])
        self._write_frame(control + ending, png.compress(samples))
        return drawn.wanted

    def close(self) -> None:
        """Complete the file."""
        for part in (*self._metadata.after, png.PngChunk(b"IEND", b"")):
            self._file.write(part.encode())
        self._file.seek(self._control_at)
        self._write_control()

    def _write_control(self) -> None:
        numbers = self._frames.to_bytes(4, "big") + self._plays.to_bytes(4, "big")
        self._file.write(png.PngChunk(b"acTL", numbers).encode())

    def _write_frame(self, control: bytes, data: bytes) -> None:
        self._write_numbered(b"fcTL", control)
        if self._frames == 0:
            self._file.write(png.PngChunk(b"IDAT", data).encode())
        else:
            self._write_numbered(b"fdAT", data)
        self._frames += 1

    def _write_numbered(self, name: bytes, body: bytes) -> None:
        self._file.write(png.PngChunk(name, self._sequence.to_bytes(4, "big") + body).encode())
        self._sequence += 1
