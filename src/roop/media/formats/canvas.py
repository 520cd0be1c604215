"""Compose the frames of an animation as its viewers do: drawn one over the other, then disposed."""

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
"""What becomes of a frame's box after it was shown: stays, turns transparent, or as before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Cel:
    """One frame as an animation file stores it: what is drawn on the canvas, and for how long."""

    box: Box
    """Where, inside the canvas."""
    pixels: Rgba
    over: bool
    """True to blend over the canvas, False to replace its pixels, alpha included."""
    disposal: Disposal
    duration: Fraction
    """Seconds, as viewers show it."""
    stored: bytes
    """The frame's part of the file."""
    lossless: bool = True


@dataclass(frozen=True, slots=True)
class AnimationTiming:
    """What an animation's file says about all of it."""

    size: tuple[int, int]
    """(width, height) of the canvas."""
    plays: int
    """How often it is shown; 0 is forever."""
    durations: tuple[Fraction, ...]
    """Seconds of each frame."""
    alpha: bool
    """True if a pixel may be transparent."""


class Animation(Protocol):
    """An animation file that is open for reading."""

    @property
    def timeline(self) -> AnimationTiming:
        """What is known before the first frame is decoded."""
        ...

    def cels(self) -> Iterator[Cel | None]:
        """Decode the frames in order; None stands for one that is damaged."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFrame:
    """A frame that has to be encoded anew."""

    box: Box
    """What is drawn; everything outside is on the canvas already."""
    wanted: Rgba
    """The picture in ``box`` as it should be shown."""
    before: Rgba
    """What was meant to be shown in ``box`` before; where it is the same nothing need be drawn."""
    visible: Rgba
    """What is shown in ``box`` before."""
    edited: NDArray[np.bool_]
    """``(H, W)`` of ``box``: true where the pixels are new and may be approximated."""
    disposal: Disposal
    duration: Fraction
    cel: Cel | None
    """The frame that it replaces, if that comes from the same format."""


class AnimationEncoder(Protocol):
    """Writes one animation file, frame after frame."""

    @property
    def copies(self) -> bool:
        """True if frames of the target can be taken over as they are stored."""
        ...

    def copy(self, cel: Cel) -> None:
        """Write a frame of the target as it is stored."""
        ...

    def draw(self, drawing: DrawnFrame) -> Rgba:
        """Encode a frame; return what a viewer shows in its box then."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


class Canvas:
    """What a viewer has in memory while it plays an animation."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.pixels: Rgba = np.zeros((size[1], size[0], 4), np.uint8)
        self._saved: Rgba | None = None

    def draw(self, cel: Cel) -> None:
        """Show a frame as it is stored."""
        self.show(cel.box, self._composed(cel), cel.disposal)

    def show(self, box: Box, pixels: Rgba, disposal: Disposal) -> None:
        """Replace what is in ``box``; ``dispose`` will undo it if ``disposal`` says so."""
        inside = self._inside(box)
        self._saved = inside.copy() if disposal == "restore" else None
        inside[:] = pixels

    def dispose(self, box: Box, disposal: Disposal) -> None:
        """Take away the frame that was shown last, before the next is drawn."""
        if disposal == "clear":
            self._inside(box)[:] = 0
        elif disposal == "restore" and self._saved is not None:
            self._inside(box)[:] = self._saved

    def _inside(self, box: Box) -> Rgba:
        return self.pixels[box.y0 : box.y1, box.x0 : box.x1]

    def _composed(self, cel: Cel) -> Rgba:
        if not cel.over or cel.pixels.size == 0:
            return cel.pixels
        inside = self._inside(cel.box)
        alpha = cel.pixels[..., 3]
        if ((alpha == 0) | (alpha == 255)).all():
            return np.where(alpha[..., np.newaxis] > 0, cel.pixels, inside)
        under = Image.fromarray(np.ascontiguousarray(inside))
        return np.array(Image.alpha_composite(under, Image.fromarray(cel.pixels)))


def changed_box(one: Rgba, other: Rgba) -> Box:
    """Return the smallest box outside which two canvases look the same; may be empty."""
    differs = different(one, other)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if rows.size == 0:
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def different(one: Rgba, other: Rgba) -> NDArray[np.bool_]:
    """Return ``(H, W)``: where two pictures look different; hidden colours don't count."""
    colours = (one != other).any(axis=2)
    hidden = (one[..., 3] == 0) & (other[..., 3] == 0)
    differs: NDArray[np.bool_] = colours & ~hidden
    return differs


def union(one: Box, other: Box) -> Box:
    """Return the smallest box around two; an empty one doesn't count."""
    if one.width <= 0 or one.height <= 0:
        return other
    if other.width <= 0 or other.height <= 0:
        return one
    return Box(
        min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1)
    )
