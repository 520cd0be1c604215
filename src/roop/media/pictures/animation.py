"""Read and write animations: GIF, animated PNG and WebP, frame by frame with their exact times."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.context_managers import Closing, Transaction
from roop.errors import MediaError, UsageError
from roop.media.base import Marks, TargetInfo
from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.media.formats import png
from roop.media.formats.apng import Apng, ApngEncoder
from roop.media.formats.canvas import (
    Animation,
    AnimationEncoder,
    AnimationTiming,
    Canvas,
    Disposal,
    DrawnFrame,
    FramePatch,
    Rgba,
    changed_box,
    union,
)
from roop.media.formats.embedded import inflated
from roop.media.formats.gif import Gif, GifEncoder
from roop.media.formats.image_files import FORMAT_BY_SUFFIX, image_format, open_image, reading
from roop.media.formats.kinds import ImageFormat
from roop.media.formats.webp import Webp, WebpEncoder
from roop.media.frames.presentation import PLAIN, Display
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.decoding import display_by, display_of
from roop.media.target_file import TargetFile
from roop.types import Box, Frame, Warn

_FINEST = 1_000_000
"""Ticks per second at most; times that need more are rounded."""


class AnimationFrame(StoredFrame):
    """One composed frame of an animation, with the patch that it was drawn with."""

    def __init__(
        self,
        samples: Rgba,
        patch: FramePatch,
        *,
        pts: int,
        time_base: Fraction,
        display: Display = PLAIN,
    ) -> None:
        super().__init__(samples, pts=pts, time_base=time_base, display=display)
        self.patch = patch

    @property
    @override
    def still(self) -> bool:
        """False: one frame of many."""
        return False


def _display_of(path: Path, animation: Animation) -> Display:
    """Return how viewers show the frames of an animation."""
    try:
        with open_image(path) as image:
            return display_of(path, image, image.info.get("icc_profile") or b"")
    except MediaError:  # Pillow refuses some files of which the first frames can be read
        if isinstance(animation, Webp):
            return display_by(animation.metadata.get(b"ICCP", b""), None, 0)
        if not isinstance(animation, Apng):
            return PLAIN
        parts = {part.name: part.body for part in animation.metadata().before}
        profile = inflated(parts.get(b"iCCP", b"").partition(b"\0")[2][1:])
        gamma = int.from_bytes(parts.get(b"gAMA", b""), "big") / 100_000
        return display_by(profile, gamma, png.transfer_number(path))


class AnimationReader(Closing):
    """Yields the composed frames of an animation.

    Raises:
        MediaError: The file is not readable, not an animation, damaged or too large.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        target = TargetFile.of(path)
        found = image_format(path)
        if found not in ("GIF", "PNG", "WEBP"):
            raise MediaError(
                f"{path.name} is not an animation", hint="use an animated GIF, PNG or WebP"
            )
        self.format: ImageFormat = found
        self._path = path
        self._file = path.open("rb")
        try:
            with reading(path):
                self.animation = open_animation(found, self._file, path)
                self._display = _display_of(path, self.animation)
        except BaseException:
            self._file.close()
            raise
        _warn_of_losses(path.name, self.animation, warn)
        timing = self.animation.timing
        duration = sum(timing.durations, Fraction(0))
        self.info = TargetInfo(
            file=target,
            kind="animation",
            size=timing.size,
            frames=len(timing.durations),
            fps=len(timing.durations) / duration if duration else None,
            duration_s=float(duration),
            codec=found,
            pixel_format="RGBA" if timing.alpha else "RGB",
        )
        self.damaged = 0
        """Number of frames skipped so far because they could not be decoded."""

    def __iter__(self) -> Iterator[Frame]:
        timing = self.animation.timing
        canvas, time, shown = Canvas(timing.size), Fraction(0), 0
        time_base = _time_base(timing)
        with reading(self._path):
            for patch, duration in zip(self.animation.patches(), timing.durations, strict=False):
                if patch is None:
                    self.damaged += 1
                else:
                    canvas.draw(patch)
                    pts = round(time / time_base)
                    yield AnimationFrame(
                        canvas.pixels.copy(),
                        patch,
                        pts=pts,
                        time_base=time_base,
                        display=self._display,
                    )
                    canvas.dispose(patch.box, patch.disposal)
                    shown += 1
                time += duration
            if not shown:
                raise ValueError("none of its frames can be decoded")

    @override
    def close(self) -> None:
        """Close the file."""
        self._file.close()


class AnimationWriter(Transaction):
    """Writes the frames of an animation with the target's durations and repetition.

    In the target's format, frames without an edit are copied byte for byte. The others keep their
    disposal and, except in lossy WebP, every pixel that was not edited.

    Args:
        output: Its suffix selects the format.
        reader: Provides the frames.
        force: Replace the output if it exists.
        warn: Called for what the output's format cannot hold.
        marks: Added to the output.

    Raises:
        UsageError: The suffix is not that of an animated format, or the output exists.
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
        wanted = FORMAT_BY_SUFFIX.get(output.suffix.lower())
        if wanted not in ("GIF", "PNG", "WEBP"):
            raise UsageError(
                f"{output.name}: this format cannot hold an animation",
                hint="name the output .gif, .png or .webp, or name a video",
            )
        self._same_format = wanted == reader.format
        timing = reader.animation.timing
        # What viewers of the target, of the output, and of an output without loss see.
        self._target_canvas, self._output_canvas, self._ideal_canvas = (
            Canvas(timing.size) for _ in range(3)
        )
        self._written = 0
        # A GIF makes a pixel transparent again only by clearing the canvas with every frame.
        self._clears_all = wanted == "GIF" and not self._same_format and timing.alpha
        self._output = OutputFile(output, force=force, target=reader.info.file, marks=marks)
        try:
            with writing(output, self._output.part):
                self._file = self._output.part.open("r+b")
                source = reader.animation if self._same_format else None
                self._encoder = animation_encoder(wanted, self._file, timing, source)
        except BaseException:
            self._output.discard()
            raise

    def write(self, frame: Frame) -> None:
        """Encode the next frame.

        Raises:
            DiskFullError: The disk is full.
            MediaError: The file system reports another error.
        """
        if not isinstance(frame, AnimationFrame):
            raise MediaError("an animation can only be written from the frames of an animation")
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
        with suppress(OSError):  # closing may write
            self._file.close()
        self._output.discard()

    def _write(self, frame: AnimationFrame) -> None:
        patch, disposal = frame.patch, self._disposal(frame.patch)
        unchanged = frame.edited is None or not frame.edited.any()
        box = patch.box
        if self._same_format and self._encoder.copies and unchanged and self._canvas_matches():
            self._encoder.copy(patch)
            self._output_canvas.draw(patch)
            self._ideal_canvas.draw(patch)
        else:
            box = self._draw(frame, disposal)
        self._output_canvas.dispose(box, disposal)
        self._ideal_canvas.dispose(box, disposal)
        if self._same_format:
            self._target_canvas.draw(patch)
            self._target_canvas.dispose(patch.box, patch.disposal)

    def _disposal(self, patch: FramePatch) -> Disposal:
        if self._same_format:
            return patch.disposal
        return "clear" if self._clears_all else "keep"

    def _canvas_matches(self) -> bool:
        """Return True if viewers of output and target see the same canvas."""
        return not changed_box(self._output_canvas.pixels, self._target_canvas.pixels).width

    def _draw(self, frame: AnimationFrame, disposal: Disposal) -> Box:
        wanted, edited = frame.samples.view(np.uint8), self._editable(frame)
        # Dithered pixels are only drawn again where they change, so that they do not flicker.
        before = np.where(
            edited[..., np.newaxis], self._ideal_canvas.pixels, self._output_canvas.pixels
        )
        box = self._box(frame, changed_box(wanted, before))
        where = slice(box.y0, box.y1), slice(box.x0, box.x1)
        drawn = DrawnFrame(
            box=box,
            wanted=wanted[where],
            before=before[where],
            visible=self._output_canvas.pixels[where],
            edited=edited[where],
            disposal=disposal,
            duration=frame.patch.duration,
            patch=frame.patch if self._same_format else None,
        )
        self._output_canvas.show(box, self._encoder.draw(drawn), disposal)
        self._ideal_canvas.show(box, drawn.wanted, disposal)
        return box

    def _editable(self, frame: AnimationFrame) -> NDArray[np.bool_]:
        """Return ``(H, W)``: where the output may approximate colours."""
        if not self._same_format:
            return np.ones(frame.samples.shape[:2], np.bool_)
        if frame.edited is None:
            return np.zeros(frame.samples.shape[:2], np.bool_)
        return frame.edited

    def _box(self, frame: AnimationFrame, changed: Box) -> Box:
        """Return what to draw so that the canvas shows ``frame``."""
        if self._clears_all:
            return Box(0, 0, *frame.size)
        box = union(changed, frame.patch.box) if self._same_format else changed
        if box.width == 0:
            return Box(0, 0, 1, 1)
        return Box(box.x0 & ~1, box.y0 & ~1, box.x1, box.y1)  # WebP only has even offsets


def _warn_of_losses(name: str, animation: Animation, warn: Warn) -> None:
    """Warn about what the frames of an animation do not show."""
    if isinstance(animation, Gif) and animation.truncated:
        warn(f"{name} is damaged: its end is missing, and so are its last frames")
    if not isinstance(animation, Apng):
        return
    if animation.depth == 16:
        warn(f"{name} has 16 bits per channel; the output has 8")
    if animation.damage:
        warn(f"{name} is damaged: {animation.damage}")
    if animation.hidden:
        warn(
            f"{name} also holds a picture for viewers that cannot play it, which is left out: "
            "they will see the first frame"
        )


def open_animation(found: ImageFormat, file: BinaryIO, path: Path) -> Animation:
    """Return the animation in ``file``.

    Raises:
        ValueError: The file is damaged.
    """
    formats: dict[str, type[Gif | Apng | Webp]] = {"GIF": Gif, "PNG": Apng, "WEBP": Webp}
    return formats[found](file, path)


def animation_encoder(
    wanted: ImageFormat, file: BinaryIO, timing: AnimationTiming, source: Animation | None
) -> AnimationEncoder:
    """Return an encoder; ``source`` is the target if it has the ``wanted`` format."""
    if wanted == "GIF":
        return GifEncoder(file, timing, source if isinstance(source, Gif) else None)
    if wanted == "PNG":
        return ApngEncoder(file, timing, source if isinstance(source, Apng) else None)
    return WebpEncoder(file, timing, source if isinstance(source, Webp) else None)


def _time_base(timing: AnimationTiming) -> Fraction:
    finest = lcm(*(duration.denominator for duration in timing.durations))
    return Fraction(1, min(finest, _FINEST))
