"""Read and write animations: GIF, animated PNG and WebP, frame by frame with their exact times."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.errors import MediaError, UsageError
from roop.media.base import Marks, TargetInfo
from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.media.files.transaction import Transaction
from roop.media.formats.apng import Apng, ApngEncoder
from roop.media.formats.canvas import (
    Animation,
    AnimationEncoder,
    AnimationTiming,
    Canvas,
    Cel,
    Disposal,
    DrawnFrame,
    Rgba,
    changed_box,
    union,
)
from roop.media.formats.gif import Gif, GifEncoder
from roop.media.formats.picture_files import EXTENSIONS, Container, container, reading
from roop.media.formats.webp import Webp, WebpEncoder
from roop.media.frames.stored_frame import StoredFrame
from roop.types import Box, Frame, Warn

_FINEST = 1_000_000
"""Ticks a second; times that need more are rounded to it."""


class AnimationFrame(StoredFrame):
    """One composed picture of an animation, with the part of the file it comes from."""

    def __init__(self, samples: Rgba, cel: Cel, *, pts: int, time_base: Fraction) -> None:
        super().__init__(samples, pts=pts, time_base=time_base)
        self.cel = cel


class AnimationReader:
    """Yields the composed pictures of an animation.

    Raises:
        MediaError: The file is unreadable, no animation, damaged or too large.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        found = container(path)
        if found not in ("GIF", "PNG", "WEBP"):
            raise MediaError(
                f"{path.name} is no animation", hint="use an animated GIF, PNG or WebP"
            )
        self.container: Container = found
        self._path = path
        self._file = path.open("rb")
        try:
            with reading(path):
                self.animation = opened(found, self._file, path)
        except BaseException:
            self._file.close()
            raise
        if isinstance(self.animation, Apng) and self.animation.depth == 16:
            warn(f"{path.name} has 16 bits a colour; the output has 8")
        timeline = self.animation.timeline
        duration = sum(timeline.durations, Fraction(0))
        self.info = TargetInfo(
            path=path,
            kind="animation",
            size=timeline.size,
            frames=len(timeline.durations),
            fps=len(timeline.durations) / duration if duration else None,
            duration_s=float(duration),
            codec=found,
            pixel_format="RGBA" if timeline.alpha else "RGB",
        )
        self.damaged = 0
        """Frames skipped so far because they could not be decoded."""

    def __iter__(self) -> Iterator[Frame]:
        timeline = self.animation.timeline
        canvas, time, shown = Canvas(timeline.size), Fraction(0), 0
        time_base = _time_base(timeline)
        with reading(self._path):
            for cel, duration in zip(self.animation.cels(), timeline.durations, strict=False):
                if cel is None:
                    self.damaged += 1
                else:
                    canvas.draw(cel)
                    pts = round(time / time_base)
                    yield AnimationFrame(canvas.pixels.copy(), cel, pts=pts, time_base=time_base)
                    canvas.dispose(cel.box, cel.disposal)
                    shown += 1
                time += duration
            if not shown:
                raise ValueError("none of its frames can be decoded")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class AnimationWriter(Transaction):
    """Writes the pictures of an animation with the times and the repetition of the target.

    In the target's own format frames that show nothing edited are taken over byte for byte. The
    others keep how they are disposed and, but in lossy WebP, every pixel that was not edited.

    Args:
        output: The extension says the format.
        reader: Where the frames come from.
        force: Replace the output if it exists.
        warn: Told what the output's format cannot hold.
        marks: What the output carries besides.

    Raises:
        UsageError: The extension is of no animated format, or the output exists.
    """

    def __init__(
        self,
        output: Path,
        reader: AnimationReader,
        *,
        force: bool,
        warn: Warn,
        marks: Marks | None = None,
    ) -> None:
        wanted = EXTENSIONS.get(output.suffix.lower())
        if wanted not in ("GIF", "PNG", "WEBP"):
            raise UsageError(
                f"{output.name}: this format holds no animation",
                hint="name the output .gif, .png, .webp or as a video",
            )
        self._same = wanted == reader.container
        timeline = reader.animation.timeline
        # What viewers of the target, of the output, and of a perfect output have before them.
        self._original, self._shown, self._meant = (Canvas(timeline.size) for _ in range(3))
        self._written = 0
        # Transparency in a GIF can be had back only by clearing all, for every frame.
        self._clears = wanted == "GIF" and not self._same and timeline.alpha
        self._output = OutputFile(output, force=force, target=reader.info.path, marks=marks)
        try:
            with writing(output, self._output.part):
                self._file = self._output.part.open("r+b")
                source = reader.animation if self._same else None
                self._encoder = encoder(wanted, self._file, timeline, source)
        except BaseException:
            self._output.discard()
            raise

    def write(self, frame: Frame) -> None:
        """Encode the next picture.

        Raises:
            DiskFullError: There is no room.
            MediaError: The system refused.
        """
        if not isinstance(frame, AnimationFrame):
            raise MediaError("an animation can be written from an animation's frames only")
        with writing(self._output.path, self._output.part):
            self._write(frame)
        self._written += 1

    @override
    def commit(self) -> None:
        if not self._written:
            raise MediaError(f"{self._output.path}: no frame was written")
        with writing(self._output.path, self._output.part):
            self._encoder.close()
            self._file.close()
        self._output.commit()

    @override
    def discard(self) -> None:
        with suppress(OSError):  # closing may write, too
            self._file.close()
        self._output.discard()

    def _write(self, frame: AnimationFrame) -> None:
        cel, disposal = frame.cel, self._disposal(frame.cel)
        unchanged = frame.edited is None or not frame.edited.any()
        box = cel.box
        if self._same and self._encoder.copies and unchanged and self._in_step():
            self._encoder.copy(cel)
            self._shown.draw(cel)
            self._meant.draw(cel)
        else:
            box = self._draw(frame, disposal)
        self._shown.dispose(box, disposal)
        self._meant.dispose(box, disposal)
        if self._same:
            self._original.draw(cel)
            self._original.dispose(cel.box, cel.disposal)

    def _disposal(self, cel: Cel) -> Disposal:
        if self._same:
            return cel.disposal
        return "clear" if self._clears else "keep"

    def _in_step(self) -> bool:
        """True if a viewer of the output has the same canvas as one of the target."""
        return not changed_box(self._shown.pixels, self._original.pixels).width

    def _draw(self, frame: AnimationFrame, disposal: Disposal) -> Box:
        wanted, edited = frame.samples.view(np.uint8), self._free(frame)
        # Dithered pixels are drawn again only where they are meant to change: they don't flicker.
        before = np.where(edited[..., np.newaxis], self._meant.pixels, self._shown.pixels)
        box = self._box(frame, changed_box(wanted, before))
        where = slice(box.y0, box.y1), slice(box.x0, box.x1)
        drawing = DrawnFrame(
            box=box,
            wanted=wanted[where],
            before=before[where],
            visible=self._shown.pixels[where],
            edited=edited[where],
            disposal=disposal,
            duration=frame.cel.duration,
            cel=frame.cel if self._same else None,
        )
        self._shown.show(box, self._encoder.draw(drawing), disposal)
        self._meant.show(box, drawing.wanted, disposal)
        return box

    def _free(self, frame: AnimationFrame) -> NDArray[np.bool_]:
        """``(H, W)``: where the output may approximate colours."""
        if not self._same:
            return np.ones(frame.samples.shape[:2], np.bool_)
        if frame.edited is None:
            return np.zeros(frame.samples.shape[:2], np.bool_)
        return frame.edited

    def _box(self, frame: AnimationFrame, changed: Box) -> Box:
        """What has to be drawn so that the canvas shows ``frame``."""
        if self._clears:
            return Box(0, 0, *frame.size)
        box = union(changed, frame.cel.box) if self._same else changed
        if box.width == 0:
            return Box(0, 0, 1, 1)
        return Box(box.x0 & ~1, box.y0 & ~1, box.x1, box.y1)  # WebP has even offsets only


def opened(found: Container, file: BinaryIO, path: Path) -> Animation:
    """Return the animation in ``file``.

    Raises:
        ValueError: The file is damaged.
    """
    formats: dict[str, type[Gif | Apng | Webp]] = {"GIF": Gif, "PNG": Apng, "WEBP": Webp}
    return formats[found](file, path)


def encoder(
    wanted: Container, file: BinaryIO, timeline: AnimationTiming, source: Animation | None
) -> AnimationEncoder:
    """Return an encoder; ``source`` is the target if it has the format that is wanted."""
    if wanted == "GIF":
        return GifEncoder(file, timeline, source if isinstance(source, Gif) else None)
    if wanted == "PNG":
        return ApngEncoder(file, timeline, source if isinstance(source, Apng) else None)
    return WebpEncoder(file, timeline, source if isinstance(source, Webp) else None)


def _time_base(timeline: AnimationTiming) -> Fraction:
    finest = lcm(*(duration.denominator for duration in timeline.durations))
    return Fraction(1, min(finest, _FINEST))
