"""Build the Huffman codes of a JPEG file and pack them into bytes."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LONGEST = 16
"""Most bits of a code."""

_DEEPEST = 64
"""No code is longer before it is shortened: counts would have to grow like Fibonacci numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanTable:
    """The shortest prefix code for symbols 0..255 and their counts."""

    lengths: NDArray[np.uint8]
    """``(256,)`` number of bits of each symbol's code; 0 if it has none."""
    codes: NDArray[np.uint32]
    """``(256,)`` code of each symbol."""
    definition: bytes
    """The number of codes of each length, then the symbols in the order of their codes."""

    @classmethod
    def for_counts(cls, counts: NDArray[np.int64]) -> "HuffmanTable":
        """Build the code for ``(256,)`` ``counts``.

        Source: ITU-T T.81, annex K.2.
        """
        per_length = _shortened(_depths(counts))
        used = np.flatnonzero(counts)
        order = used[np.argsort(-counts[used], kind="stable")]
        lengths, codes = np.zeros(256, np.uint8), np.zeros(256, np.uint32)
        code = at = 0
        for length in range(1, _LONGEST + 1):
            for symbol in order[at : at + per_length[length]]:
                lengths[symbol], codes[symbol] = length, code
                code += 1
            at += per_length[length]
            code <<= 1
        return cls(lengths, codes, bytes(per_length[1:]) + order.astype(np.uint8).tobytes())


def pack_bits(values: NDArray[np.uint32], lengths: NDArray[np.uint8], start: int) -> bytes:
    """Return ``values`` of ``lengths`` bits in a row, most significant bit first.

    Args:
        values: At most 32 bits each.
        lengths: Number of bits of each.
        start: Number of zero bits before the first.

    Returns:
        Whole bytes, the last filled with zeros.
    """
    ends = np.cumsum(lengths, dtype=np.int64) + start
    first = ends - lengths
    word = first >> 5
    shift = (64 - (first & 31) - lengths).astype(np.uint64)
    shifted = values.astype(np.uint64) << shift
    total = int(ends[-1]) if ends.size else start
    words = total // 32 + 2
    # No two values share a bit, so a sum is a union; float64 holds 32 bits exactly.
    packed = np.bincount(word, (shifted >> np.uint64(32)).astype(np.float64), words)
    low = (shifted & np.uint64(0xFFFFFFFF)).astype(np.float64)
    packed += np.bincount(word + 1, low, words)
    return packed.astype(">u4").tobytes()[: -(-total // 8)]


def _depths(counts: NDArray[np.int64]) -> list[int]:
    """Return the number of codes of each length in a Huffman tree, one of them reserved."""
    # JPEG forbids the code of only ones: a symbol that never occurs takes it.
    heap = [(int(count), symbol, [symbol]) for symbol, count in enumerate(counts) if count]
    heap.append((1, 256, [256]))
    heapq.heapify(heap)
    depths: dict[int, int] = dict.fromkeys((entry[1] for entry in heap), 0)
    while len(heap) > 1:
        (few, _, ones), (many, tie, others) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in (*ones, *others):
            depths[symbol] += 1
        heapq.heappush(heap, (few + many, tie, ones + others))
    found = [0] * (_DEEPEST + 1)
    for depth in depths.values():
        found[max(1, depth)] += 1
    return found


def _shortened(per_length: list[int]) -> list[int]:
    """Return the counts with no code above 16 bits and without the reserved code."""
    found = list(per_length)
    for length in range(_DEEPEST, _LONGEST, -1):
        while found[length]:
            # Shorten a pair of codes: a shorter code makes room by becoming a pair.
            donor = next(shorter for shorter in range(length - 2, 0, -1) if found[shorter])
            found[length] -= 2
            found[length - 1] += 1
            found[donor + 1] += 2
            found[donor] -= 1
    longest = max(length for length, count in enumerate(found) if count)
    found[longest] -= 1
    return found[: _LONGEST + 1]
