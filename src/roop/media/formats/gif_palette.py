"""Choose the 256 colours of a GIF frame: exact where nothing was edited, dithered elsewhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roop.media.formats.canvas import DrawnFrame, Rgba, different

_COLOURS = 256


@dataclass(frozen=True, slots=True, eq=False)
class IndexedPixels:
    """The pixels of a GIF frame."""

    indices: NDArray[np.uint8]
    """``(H, W)``."""
    table: bytes
    """RGB bytes of at most 256 colours."""
    transparent: int | None
    """The index of pixels that leave the canvas unchanged; None if there are none."""
    displayed: Rgba
    """``(H, W, 4)`` pixels that viewers show."""


def index_colours(frame: DrawnFrame) -> IndexedPixels:
    """Choose the colours of a frame.

    Pixels that the canvas already shows are transparent. Pixels that were not edited get their
    exact colour, the most frequent first if the table has too few. The rest of the table is chosen
    for edited pixels, which are dithered with the whole table.
    """
    colours, opaque = _as_numbers(frame.wanted), frame.wanted[..., 3] > 0
    drawn = opaque & different(frame.wanted, frame.before)
    room = _COLOURS if drawn.all() else _COLOURS - 1
    full = len(np.unique(colours[opaque & ~frame.edited])) == _COLOURS
    if room < _COLOURS and opaque.all() and full:
        # Without a transparent index, the table has room for one more colour.
        drawn, room = opaque, _COLOURS
    exact = _most_frequent(colours[drawn & ~frame.edited], room)
    table = _complete_table(exact, colours[drawn & frame.edited], room)
    indices = np.full(drawn.shape, _COLOURS - 1, np.uint8)
    exactly = drawn & np.isin(colours, table)
    order = np.argsort(table, kind="stable")
    indices[exactly] = order[np.searchsorted(table, colours[exactly], sorter=order)]
    displayed = np.where(drawn[..., np.newaxis], frame.wanted, frame.visible)
    if (rest := drawn & ~exactly).any():
        indices[rest] = _dither(frame.wanted, table)[rest]
        displayed[rest, :3] = _as_rgb(table)[indices[rest]]
    transparent = None if drawn.all() else _COLOURS - 1
    return IndexedPixels(indices, _as_rgb(table).tobytes(), transparent, displayed)


def _as_numbers(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    wide = pixels[..., :3].astype(np.uint32)
    numbers: NDArray[np.uint32] = wide @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return numbers


def _as_rgb(colours: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def _most_frequent(colours: NDArray[np.uint32], most: int) -> NDArray[np.uint32]:
    found, counts = np.unique(colours, return_counts=True)
    return found[np.argsort(-counts, kind="stable")[:most]]


def _complete_table(
    exact: NDArray[np.uint32], wanted: NDArray[np.uint32], most: int
) -> NDArray[np.uint32]:
    """Return ``exact`` and as many colours for ``wanted`` as there is room."""
    room = most - len(exact)
    others = np.setdiff1d(wanted, exact)
    if room <= 0 or others.size == 0:
        return exact
    if len(others) > room:
        # Pixels whose colour is in the table already do not count.
        flat = wanted[~np.isin(wanted, exact)]
        row = Image.fromarray(_as_rgb(flat)[np.newaxis])
        chosen = row.quantize(room, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        others = _as_numbers(np.array(chosen.getpalette(), np.uint8).reshape(-1, 3))[:room]
        others = np.setdiff1d(others, exact)
    return np.concatenate([exact, others])


def _dither(wanted: NDArray[np.uint8], table: NDArray[np.uint32]) -> NDArray[np.uint8]:
    palette = Image.new("P", (1, 1))
    palette.putpalette(_as_rgb(table).tobytes())
    image = Image.fromarray(np.ascontiguousarray(wanted[..., :3]))
    return np.asarray(image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))
