"""A slow, plain JPEG decoder that stops at the quantised coefficients (ITU-T T.81)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FRAMES, DHT, DRI, SOS, EOI = (0xC0, 0xC1, 0xC2), 0xC4, 0xDD, 0xDA, 0xD9


@dataclass
class Component:
    across: int
    down: int
    shape: tuple[int, int]
    """Rows and columns of blocks, without those that only fill the last unit."""
    coefficients: NDArray[np.int64]
    """``(rows, columns, 64)`` with those, in zigzag order."""
    prediction: int = 0


@dataclass
class Decoder:
    data: bytes
    components: dict[int, Component] = field(default_factory=dict)
    codes: dict[int, dict[tuple[int, int], int]] = field(default_factory=dict)
    progressive: bool = False
    restart: int = 0
    bits: str = ""
    at: int = 0
    run: int = 0
    units: tuple[int, int] = (0, 0)

    def decode(self) -> list[NDArray[np.int64]]:
        at = 2
        while self.data[at + 1] != EOI:
            marker, length = self.data[at + 1], int.from_bytes(self.data[at + 2 : at + 4], "big")
            body = self.data[at + 4 : at + 2 + length]
            at += 2 + length
            if marker in FRAMES:
                self.progressive = marker == 0xC2
                self._frame(body)
            elif marker == DHT:
                self._huffman(body)
            elif marker == DRI:
                self.restart = int.from_bytes(body, "big")
            elif marker == SOS:
                at = self._scan(body, at)
        return [
            part.coefficients[: part.shape[0], : part.shape[1]] for part in self.components.values()
        ]

    def _frame(self, body: bytes) -> None:
        height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        factors = {body[i]: divmod(body[i + 1], 16) for i in range(6, len(body), 3)}
        most = max(a for a, _ in factors.values()), max(d for _, d in factors.values())
        self.units = -(-height // (8 * most[1])), -(-width // (8 * most[0]))
        for number, (across, down) in factors.items():
            rows = -(-(-(-height * down // most[1])) // 8)  # noqa: B002 - ceilings
            columns = -(-(-(-width * across // most[0])) // 8)  # noqa: B002
            whole = np.zeros((self.units[0] * down, self.units[1] * across, 64), np.int64)
            self.components[number] = Component(across, down, (rows, columns), whole)

    def _huffman(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            code, symbols = 0, at + 17
            table = self.codes[body[at]] = {}
            for length, count in enumerate(body[at + 1 : at + 17], 1):
                for _ in range(count):
                    table[length, code] = body[symbols]
                    code, symbols = code + 1, symbols + 1
                code <<= 1
            at = symbols

    def _scan(self, body: bytes, at: int) -> int:
        parts = [
            (self.components[body[i]], divmod(body[i + 1], 16))
            for i in range(1, 1 + 2 * body[0], 2)
        ]
        first, last, (high, low) = body[-3], body[-2], divmod(body[-1], 16)
        blocks = list(self._order([part for part, _ in parts]))
        each = sum(part.across * part.down for part, _ in parts) if len(parts) > 1 else 1
        for unit in range(0, len(blocks), each):
            if unit == 0 or (self.restart and unit // each % self.restart == 0):
                at = self._begin(at)
            for index, block in blocks[unit : unit + each]:
                component, tables = parts[index]
                self._block(component, block, tables, (first, last, high, low))
        return at

    def _begin(self, at: int) -> int:
        """Take the bits up to the next marker; return where what follows them starts."""
        self.run, self.at, end = 0, 0, at
        for part in self.components.values():
            part.prediction = 0
        while self.data[end] != 0xFF or self.data[end + 1] == 0:
            end += 1
        plain = self.data[at:end].replace(b"\xff\0", b"\xff")
        self.bits = bin(int.from_bytes(b"\1" + plain, "big"))[3:]
        return end + 2 if 0xD0 <= self.data[end + 1] <= 0xD7 else end

    def _order(self, parts: list[Component]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        if len(parts) == 1:
            for row, column in np.ndindex(*parts[0].shape):
                yield 0, parts[0].coefficients[row, column]
            return
        for row, column in np.ndindex(*self.units):
            for index, part in enumerate(parts):
                for y, x in np.ndindex(part.down, part.across):
                    yield index, part.coefficients[row * part.down + y, column * part.across + x]

    def _block(
        self,
        part: Component,
        block: NDArray[np.int64],
        tables: tuple[int, int],
        band: tuple[int, int, int, int],
    ) -> None:
        first, last, high, low = band
        if first == 0:
            if high:
                block[0] |= self._take(1) << low
            else:
                part.prediction += self._value(self._symbol(tables[0]))
                block[0] = part.prediction << low
        if last == 0:
            return
        if high:
            self._refine(block, tables[1] | 16, (max(1, first), last), 1 << low)
        else:
            self._coefficients(block, tables[1] | 16, (max(1, first), last), low)

    def _coefficients(
        self, block: NDArray[np.int64], table: int, band: tuple[int, int], low: int
    ) -> None:
        if self.run:
            self.run -= 1
            return
        at = band[0]
        while at <= band[1]:
            zeros, size = divmod(self._symbol(table), 16)
            if size == 0 and zeros < 15:
                self.run = (1 << zeros) + self._take(zeros) - 1
                return
            at += zeros
            if size:
                block[at] = self._value(size) << low
            at += 1

    def _refine(
        self, block: NDArray[np.int64], table: int, band: tuple[int, int], bit: int
    ) -> None:
        at = band[0]
        while at <= band[1] and not self.run:
            zeros, size = divmod(self._symbol(table), 16)
            if size == 0 and zeros < 15:
                self.run = (1 << zeros) + self._take(zeros)
                break
            new = (bit if self._take(1) else -bit) if size else 0
            while at <= band[1] and (block[at] or zeros):
                if block[at]:
                    self._correct(block, at, bit)
                else:
                    zeros -= 1
                at += 1
            if new:
                block[at] = new
            at += 1
        if self.run:
            for rest in range(at, band[1] + 1):
                if block[rest]:
                    self._correct(block, rest, bit)
            self.run -= 1

    def _correct(self, block: NDArray[np.int64], at: int, bit: int) -> None:
        if self._take(1) and not abs(int(block[at])) & bit:
            block[at] += bit if block[at] > 0 else -bit

    def _symbol(self, table: int) -> int:
        codes, code = self.codes[table], 0
        for length in range(1, 17):
            code = code << 1 | self._take(1)
            if (length, code) in codes:
                return codes[length, code]
        raise ValueError("no such code")

    def _value(self, size: int) -> int:
        value = self._take(size)
        return value if size == 0 or value >> (size - 1) else value - (1 << size) + 1

    def _take(self, count: int) -> int:
        found = self.bits[self.at : self.at + count]
        self.at += count
        return int(found, 2) if count else 0


def coefficients(data: bytes) -> list[NDArray[np.int64]]:
    """Return ``(rows, columns, 64)`` quantised coefficients of each component."""
    return Decoder(data).decode()
