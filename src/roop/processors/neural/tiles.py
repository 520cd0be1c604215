"""Run a network of small pictures on a larger one: by interleaved pictures of its own size."""

import numpy as np

from roop.faces.cutout import Crops


def interleave(crops: Crops, factor: int) -> Crops:
    """Take every crop apart into ``factor`` x ``factor`` smaller ones that each show all of it.

    Args:
        crops: ``(N, S * factor, S * factor, 3)``.
        factor: Pixels of a crop between two neighbours of a smaller one.

    Returns:
        ``(N * factor * factor, S, S, 3)``.
    """
    count, side = len(crops), crops.shape[1] // factor
    grid = crops.reshape(count, side, factor, side, factor, 3).transpose(0, 2, 4, 1, 3, 5)
    return grid.reshape(-1, side, side, 3)


def join(tiles: Crops, factor: int) -> Crops:
    """Put together what ``interleave`` took apart."""
    side = tiles.shape[1]
    grid = tiles.reshape(-1, factor, factor, side, side, 3).transpose(0, 3, 1, 4, 2, 5)
    return np.ascontiguousarray(grid).reshape(-1, side * factor, side * factor, 3)
