"""Run a network on images larger than its own, split into interleaved tiles."""

import numpy as np

from roop.faces.cutout import Crops


def interleave(crops: Crops, factor: int) -> Crops:
    """Split each crop into ``factor`` x ``factor`` smaller images that each show all of it.

    Args:
        crops: ``(N, S * factor, S * factor, 3)``.
        factor: Distance in the crop between neighbouring pixels of a tile.

    Returns:
        ``(N * factor * factor, S, S, 3)``.
    """
    count, side = len(crops), crops.shape[1] // factor
    grid = crops.reshape(count, side, factor, side, factor, 3).transpose(0, 2, 4, 1, 3, 5)
    return grid.reshape(-1, side, side, 3)


def join(tiles: Crops, factor: int) -> Crops:
    """Join the tiles that ``interleave`` returned."""
    side = tiles.shape[1]
    grid = tiles.reshape(-1, factor, factor, side, side, 3).transpose(0, 3, 1, 4, 2, 5)
    return np.ascontiguousarray(grid).reshape(-1, side * factor, side * factor, 3)
