"""The discrete cosine transform of 8 by 8 blocks, and the order of its coefficients in a file."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]


@cache
def dct_matrix() -> Real:
    """Return the orthonormal ``(8, 8)`` matrix of the DCT; row u is frequency u."""
    frequency, position = np.mgrid[:8, :8]
    matrix = np.cos((2 * position + 1) * frequency * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


def forward_dct(samples: Real) -> Real:
    """Return the DCT of each block of ``(8 * rows, 8 * columns)`` samples.

    Returns:
        ``(rows, columns, 8, 8)``, vertical frequency before horizontal, in the scale of
        ITU-T T.81, A.3.3.
    """
    blocks = split(samples)
    # One product with a large matrix is many times as fast as many with two small ones.
    transformed = blocks.reshape(-1, 64) @ _both_directions()
    return transformed.reshape(blocks.shape)


def split(samples: NDArray[Any]) -> NDArray[Any]:
    """Return a view of ``(8 * rows, 8 * columns)`` samples as ``(rows, columns, 8, 8)``."""
    height, width = samples.shape
    return samples.reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3)


@cache
def _both_directions() -> Real:
    """Return ``(64, 64)``: leads from the samples of a block to its coefficients."""
    return np.kron(dct_matrix(), dct_matrix()).T.astype(np.float32)


@cache
def zigzag() -> NDArray[np.intp]:
    """Return the index ``8 * row + column`` of each coefficient in the order of the file.

    Source: ITU-T T.81, figure A.6.
    """
    rows, columns = np.divmod(np.arange(64), 8)
    diagonal = rows + columns
    return np.lexsort((np.where(diagonal % 2, rows, columns), diagonal))
