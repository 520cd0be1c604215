"""Turn quantised blocks into the symbols of JPEG's entropy coding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AC_SYMBOLS = 256
"""Offset of the symbols of AC coefficients among the 512 of a table; DC symbols come first."""

_SIXTEEN_ZEROS = 0xF0
_LONGEST_RUN = 0x7FFF
"""Most blocks that one end-of-band symbol can end."""


@dataclass(frozen=True, slots=True, eq=False)
class CodingUnits:
    """Blocks in the coding order of a scan."""

    bands: NDArray[np.int16]
    """``(N, W)`` AC coefficients in zigzag order; W is 0 for a scan of DC only."""
    differences: NDArray[np.int32] | None
    """``(N,)`` differences of DC coefficients; None in a scan without DC."""
    tables: NDArray[np.intp]
    """``(N,)`` number of the pair of Huffman tables of each block."""


@dataclass(frozen=True, slots=True, eq=False)
class Symbols:
    """Symbols in the order of the file, with the bits after each."""

    keys: NDArray[np.uint16]
    """512 * table + 256 for AC + the symbol."""
    extras: NDArray[np.uint16]
    """Bits after the code."""
    extra_lengths: NDArray[np.uint8]
    """Number of bits after the code."""


def symbols_of(units: CodingUnits, *, runs: bool) -> Symbols:
    """Return the symbols of ``units``.

    Args:
        units: The blocks.
        runs: Let one end-of-band symbol end several blocks, as in progressive files.

    Source: ITU-T T.81, F.1.2 and G.1.2.
    """
    count, width = units.bands.shape
    has_dc = int(units.differences is not None)
    at = np.flatnonzero(units.bands)
    block, position = np.divmod(at, max(1, width))
    last = np.full(count, -1)
    last[block] = position
    ended, run_lengths = _ended_blocks(last, width, runs=runs)
    zeros = _zeros_before(block, position)
    slots = 1 + (zeros >> 4)
    ends_before: NDArray[np.intp] = np.cumsum(ended) - ended
    slots_through = np.cumsum(np.bincount(block, slots, count).astype(np.intp))
    total = count * has_dc + int(ended.sum()) + int(slots.sum())
    table_keys = units.tables.astype(np.uint16) * 512

    # Slots that are not filled below stand for sixteen zeros.
    result = Symbols(
        np.full(total, AC_SYMBOLS + _SIXTEEN_ZEROS, np.uint16),
        np.zeros(total, np.uint16),
        np.zeros(total, np.uint8),
    )
    blocks = np.arange(count)
    if units.differences is not None:
        starts = slots_through - np.bincount(block, slots, count).astype(np.intp)
        _put(result, blocks + ends_before + starts, table_keys, units.differences, None)
    where = np.cumsum(slots) - 1 + has_dc * (block + 1) + ends_before[block]
    for back in range(1, 4):
        long = zeros >> 4 >= back
        result.keys[where[long] - back] += table_keys[block[long]]
    values = units.bands.ravel()[at].astype(np.int32)
    _put(result, where, table_keys[block] + AC_SYMBOLS, values, zeros & 15)
    ends = (has_dc * (blocks + 1) + ends_before + slots_through)[ended]
    exponents = (np.frexp(run_lengths)[1] - 1).astype(np.uint16)
    result.keys[ends] = table_keys[ended] + AC_SYMBOLS + (exponents << 4)
    result.extras[ends] = run_lengths - (1 << exponents.astype(np.int64))
    result.extra_lengths[ends] = exponents
    return result


def _put(
    result: Symbols,
    where: NDArray[np.intp],
    base: NDArray[np.uint16],
    values: NDArray[np.int32],
    zeros: NDArray[np.intp] | None,
) -> None:
    """Store the symbols of coefficients: preceding zeros and size, then the bits."""
    sizes = np.frexp(np.abs(values).astype(np.float32))[1].astype(np.uint16)
    runs = 0 if zeros is None else zeros.astype(np.uint16) << 4
    result.keys[where] = base + runs + sizes
    negative = (1 << sizes.astype(np.int32)) - 1
    result.extras[where] = values + np.where(values < 0, negative, 0)
    result.extra_lengths[where] = sizes


def _zeros_before(block: NDArray[np.intp], position: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the number of zeros before each nonzero coefficient of its block."""
    previous = np.full_like(position, -1)
    previous[1:] = np.where(block[1:] == block[:-1], position[:-1], -1)
    return position - previous - 1


def _ended_blocks(
    last: NDArray[np.intp], width: int, *, runs: bool
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which blocks have an end-of-band symbol, and how many blocks each symbol ends.

    Args:
        last: ``(N,)`` position of the last nonzero coefficient; -1 if there is none.
        width: Number of coefficients in a band.
        runs: Let one symbol also end the empty blocks after it.
    """
    open_blocks = last < width - 1
    if not runs:
        return open_blocks, np.ones(int(open_blocks.sum()), np.int64)
    after_open = np.concatenate([[False], open_blocks[:-1]])
    first = np.arange(last.size) % _LONGEST_RUN == 0
    starts = open_blocks & ~((last < 0) & after_open & ~first)
    run_starts = np.flatnonzero(starts)
    lengths = (
        np.add.reduceat(open_blocks.astype(np.int64), run_starts) if run_starts.size else run_starts
    )
    return starts, lengths.astype(np.int64)
