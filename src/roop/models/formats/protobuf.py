"""The wire format of ONNX files, as far as it takes to read or change a little of a large one.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Message = NDArray[np.uint8]
"""The bytes of a message, usually a view of a mapped file."""

Field = tuple[int, int | Message]
"""A field's number, and its value: a number, or the bytes of something longer."""


def fields(message: Message) -> Iterator[Field]:
    """Walk over the fields of a message.

    Raises:
        ValueError: It is damaged.
        LookupError: It ends too early.
    """
    for number, value, _ in _places(message):
        yield number, value


def varint(message: Message, place: int) -> tuple[int, int]:
    """Return the number at ``place`` and the place after it."""
    number = shift = 0
    while True:
        byte = int(message[place])
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
        shift += 7


def edited(message: Message, path: tuple[int, ...], content: bytes) -> bytes:
    """Return a message with ``content`` in place of fields.

    Args:
        message: Not changed.
        path: Numbers of fields, each inside the one before. Where one repeats, all of them are
            gone into; of the last number only the first field of each is replaced.
        content: The bytes of the new ones.

    Raises:
        LookupError: The message ends too early.
        ValueError: It is damaged.
    """
    return b"".join(_pieces(message, path, content))


def _pieces(message: Message, path: tuple[int, ...], content: bytes) -> list[bytes | memoryview]:
    """Return what ``edited`` joins, once: these files are large."""
    parts: list[bytes | memoryview] = []
    kept, last = 0, len(path) == 1
    for number, value, (start, end) in _places(message):
        if number != path[0] or isinstance(value, int):
            continue
        inner = [content] if last else _pieces(value, path[1:], content)
        head = _number(number << 3 | 2) + _number(sum(map(len, inner)))
        parts += [message[kept:start].data, head, *inner]
        kept = end
        if last:
            break
    return [*parts, message[kept:].data]


def _places(message: Message) -> Iterator[tuple[int, int | Message, tuple[int, int]]]:
    """Walk over number, value and place (start, end) of each field."""
    place = 0
    while place < len(message):
        start = place
        tag, place = varint(message, place)
        kind = tag & 7
        if kind == 0:
            value, place = varint(message, place)
            yield tag >> 3, value, (start, place)
            continue
        if kind == 2:
            size, place = varint(message, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"field of unknown kind {kind}")
        if place + size > len(message):
            raise ValueError("it ends too early")
        place += size
        yield tag >> 3, message[place - size : place], (start, place)


def _number(value: int) -> bytes:
    """Return a number as ``varint`` reads it."""
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes((*digits, value))
