"""Compose the frames of an animation as viewers do: draw each on the canvas, then dispose it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roop.types import Box

Rgba = NDArray[np.uint8]
"""``(H, W, 4)`` RGB with alpha, not premultiplied."""

Disposal = Literal["keep", "clear", "restore"]
"""What happens to a frame's box afterwards: it stays, becomes transparent, or is restored."""


@dataclass(frozen=True, slots=True, eq=False)
class FramePatch:
    """A frame as an animation file stores it: the part of the canvas that it draws."""

    box: Box
    """Position on the canvas."""
    pixels: Rgba
    blend: bool
    """True to blend over the canvas, False to replace its pixels, alpha included."""
    disposal: Disposal
    duration: Fraction
    """Seconds that viewers show it for."""
    stored: bytes
    """The frame's bytes in the file."""
    lossless: bool = True


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """Size, repetition and frame durations of an animation."""

    size: tuple[int, int]
    """(width, height) of the canvas."""
    plays: int
    """How often it is played; 0 is forever."""
    durations: tuple[Fraction, ...]
    """Duration of each frame in seconds."""
    alpha: bool
    """True if pixels can be transparent."""


class Animation(Protocol):
    """An animation file, open for reading."""

    @property
    def timing(self) -> AnimationTiming:
        """Known before the first frame is decoded."""
        ...

    def patches(self) -> Iterator[FramePatch | None]:
        """Decode the frames in order; None stands for a damaged one."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A frame to encode."""

    box: Box
    """Part of the canvas to draw; everything outside of it is already right."""
    wanted: Rgba
    """Pixels that ``box`` should show."""
    before: Rgba
    """Pixels that ``box`` should have shown before: equal ones need not be drawn."""
    visible: Rgba
    """Pixels that ``box`` has shown before."""
    edited: NDArray[np.bool_]
    """``(H, W)`` of ``box``: true where pixels were edited and may be approximated."""
    disposal: Disposal
    duration: Fraction
    patch: FramePatch | None
    """The frame that it replaces, if the target has the same format."""


class AnimationEncoder(Protocol):
    """Writes an animation file frame by frame."""

    @property
    def copies(self) -> bool:
        """True if stored frames of the target can be copied."""
        ...

    def copy(self, patch: FramePatch) -> None:
        """Write a stored frame of the target."""
        ...

    def draw(self, drawn: DrawnFrame) -> Rgba:
        """Encode a frame; return the pixels that viewers show in its box."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


class Canvas:
    """The canvas that a viewer draws an animation on."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.pixels: Rgba = np.zeros((size[1], size[0], 4), np.uint8)
        self._saved: Rgba | None = None

    def draw(self, patch: FramePatch) -> None:
        """Draw a stored frame."""
        self.show(patch.box, self._blended(patch), patch.disposal)

    def show(self, box: Box, pixels: Rgba, disposal: Disposal) -> None:
        """Replace the pixels in ``box``; keep them for ``dispose`` if ``disposal`` is "restore"."""
        inside = self._region(box)
        self._saved = inside.copy() if disposal == "restore" else None
        inside[:] = pixels

    def dispose(self, box: Box, disposal: Disposal) -> None:
        """Dispose the last frame before the next one is drawn."""
        if disposal == "clear":
            self._region(box)[:] = 0
        elif disposal == "restore" and self._saved is not None:
            self._region(box)[:] = self._saved

    def _region(self, box: Box) -> Rgba:
        return self.pixels[box.y0 : box.y1, box.x0 : box.x1]

    def _blended(self, patch: FramePatch) -> Rgba:
        if not patch.blend or patch.pixels.size == 0:
            return patch.pixels
        inside = self._region(patch.box)
        alpha = patch.pixels[..., 3]
        if ((alpha == 0) | (alpha == 255)).all():
            return np.where(alpha[..., np.newaxis] > 0, patch.pixels, inside)
        under = Image.fromarray(np.ascontiguousarray(inside))
        return np.array(Image.alpha_composite(under, Image.fromarray(patch.pixels)))


def changed_box(one: Rgba, other: Rgba) -> Box:
    """Return the smallest box outside of which two canvases look the same; may be empty."""
    differs = different(one, other)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if rows.size == 0:
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def different(one: Rgba, other: Rgba) -> NDArray[np.bool_]:
    """Return ``(H, W)``: where two canvases look different; transparent pixels are equal."""
    colours = (one != other).any(axis=2)
    hidden = (one[..., 3] == 0) & (other[..., 3] == 0)
    differs: NDArray[np.bool_] = colours & ~hidden
    return differs


def union(one: Box, other: Box) -> Box:
    """Return the smallest box around two boxes; empty ones are ignored."""
    if one.width <= 0 or one.height <= 0:
        return other
    if other.width <= 0 or other.height <= 0:
        return one
    return Box(
        min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1)
    )
