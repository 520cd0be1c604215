"""Choose the 256 colours of a GIF frame: exact where nothing was edited, the best for the rest."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roop.media.canvas import Drawing, different

TRANSPARENT = 255
"""The index that leaves the canvas as it is."""

_COLOURS = 255


def indexed(drawing: Drawing) -> tuple[NDArray[np.uint8], bytes]:
    """Return the ``(H, W)`` indices of a frame and the RGB bytes of its table.

    Pixels that the canvas already shows are left out. Those that were not edited get their exact
    colour, the most frequent first if there are more than the table holds. What is left of
    the table is given to the edited pixels, which are dithered with all of it.
    """
    drawn = different(drawing.wanted, drawing.before) & (drawing.wanted[..., 3] > 0)
    colours = _packed(drawing.wanted)
    exact = _frequent(colours[drawn & ~drawing.edited], _COLOURS)
    new = drawn & drawing.edited
    table = _completed(exact, colours[new])
    indices = np.full(drawn.shape, TRANSPARENT, np.uint8)
    kept = drawn & np.isin(colours, table)
    order = np.argsort(table, kind="stable")
    indices[kept] = order[np.searchsorted(table, colours[kept], sorter=order)]
    if (rest := drawn & ~kept).any():
        indices[rest] = _dithered(drawing.wanted, table)[rest]
    return indices, _unpacked(table).tobytes()


def _packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    wide = pixels[..., :3].astype(np.uint32)
    packed: NDArray[np.uint32] = wide @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return packed


def _unpacked(colours: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def _frequent(colours: NDArray[np.uint32], most: int) -> NDArray[np.uint32]:
    found, counts = np.unique(colours, return_counts=True)
    return found[np.argsort(-counts, kind="stable")[:most]]


def _completed(exact: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """``exact`` and as many colours for the ``wanted`` ones as there is room."""
    room = _COLOURS - len(exact)
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
