"""Choose the 256 colours of a GIF frame: exact where nothing was edited, the best for the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roop.media.formats.canvas import DrawnFrame, Rgba, different

_COLOURS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """The pixels of a GIF frame."""

    indices: NDArray[np.uint8]
    """``(H, W)``."""
    table: bytes
    """RGB, at most 256 colours."""
    transparent: int | None
    """The index that leaves the canvas as it is, if there are such pixels."""
    shown: Rgba
    """``(H, W, 4)``: what a viewer shows."""


def indexed(drawing: DrawnFrame) -> Indexed:
    """Choose the colours of a frame.

    Pixels that the canvas already shows are left out. Those that were not edited get their exact
    colour, the most frequent first if there are more than the table holds. What is left of
    the table is given to the edited pixels, which are dithered with all of it.
    """
    colours, opaque = _packed(drawing.wanted), drawing.wanted[..., 3] > 0
    drawn = opaque & different(drawing.wanted, drawing.before)
    room = _COLOURS if drawn.all() else _COLOURS - 1
    full = len(np.unique(colours[opaque & ~drawing.edited])) == _COLOURS
    if room < _COLOURS and opaque.all() and full:
        # Without a transparent index the table has room for one colour more.
        drawn, room = opaque, _COLOURS
    exact = _frequent(colours[drawn & ~drawing.edited], room)
    table = _completed(exact, colours[drawn & drawing.edited], room)
    indices = np.full(drawn.shape, _COLOURS - 1, np.uint8)
    kept = drawn & np.isin(colours, table)
    order = np.argsort(table, kind="stable")
    indices[kept] = order[np.searchsorted(table, colours[kept], sorter=order)]
    shown = np.where(drawn[..., np.newaxis], drawing.wanted, drawing.visible)
    if (rest := drawn & ~kept).any():
        indices[rest] = _dithered(drawing.wanted, table)[rest]
        shown[rest, :3] = _unpacked(table)[indices[rest]]
    transparent = None if drawn.all() else _COLOURS - 1
    return Indexed(indices, _unpacked(table).tobytes(), transparent, shown)


def _packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    wide = pixels[..., :3].astype(np.uint32)
    packed: NDArray[np.uint32] = wide @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return packed


def _unpacked(colours: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def _frequent(colours: NDArray[np.uint32], most: int) -> NDArray[np.uint32]:
    found, counts = np.unique(colours, return_counts=True)
    return found[np.argsort(-counts, kind="stable")[:most]]


def _completed(
    exact: NDArray[np.uint32], wanted: NDArray[np.uint32], most: int
) -> NDArray[np.uint32]:
    """``exact`` and as many colours for the ``wanted`` ones as there is room."""
    room = most - len(exact)
    others = np.setdiff1d(wanted, exact)
    if room <= 0 or others.size == 0:
        return exact
    if len(others) > room:
        # Only what the exact colours do not serve already counts.
        flat = wanted[~np.isin(wanted, exact)]
        row = Image.fromarray(_unpacked(flat)[np.newaxis])
        chosen = row.quantize(room, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        others = _packed(np.array(chosen.getpalette(), np.uint8).reshape(-1, 3))[:room]
        others = np.setdiff1d(others, exact)
    return np.concatenate([exact, others])


def _dithered(wanted: NDArray[np.uint8], table: NDArray[np.uint32]) -> NDArray[np.uint8]:
    palette = Image.new("P", (1, 1))
    palette.putpalette(_unpacked(table).tobytes())
    picture = Image.fromarray(np.ascontiguousarray(wanted[..., :3]))
    return np.asarray(picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))
