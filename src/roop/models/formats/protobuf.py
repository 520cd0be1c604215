"""The Protocol Buffers wire format, as far as needed to read or edit parts of large ONNX files.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Message = NDArray[np.uint8]
"""The bytes of a message, usually a view of a mapped file."""

Field = tuple[int, int | Message]
"""A field's number and value: an integer, or bytes."""


def fields(message: Message) -> Iterator[Field]:
    """Iterate over the fields of a message.

    Raises:
        ValueError: The message is damaged.
        LookupError: The message is truncated.
    """
    for number, value, _ in _walk(message):
        yield number, value


def read_varint(message: Message, position: int) -> tuple[int, int]:
    """Return the number at ``position`` and the position after it."""
    number = shift = 0
    while True:
        byte = int(message[position])
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7


def replace_fields(message: Message, path: tuple[int, ...], content: bytes) -> bytes:
    """Return a message with ``content`` in place of certain fields.

    Args:
        message: The message, which is not changed.
        path: Field numbers from the outermost to the innermost. All fields of an outer number are
            searched; of the last number, the first field in each of them is replaced.
        content: The new fields' bytes.

    Raises:
        LookupError: The message is truncated.
        ValueError: The message is damaged.
    """
    return b"".join(_replaced_parts(message, path, content))


def _replaced_parts(
    message: Message, path: tuple[int, ...], content: bytes
) -> list[bytes | memoryview]:
    """Return the parts of the new message, to be joined only once: the files are large."""
    parts: list[bytes | memoryview] = []
    copied, last = 0, len(path) == 1
    for number, value, (start, end) in _walk(message):
        if number != path[0] or isinstance(value, int):
            continue
        inner = [content] if last else _replaced_parts(value, path[1:], content)
        head = _encode_varint(number << 3 | 2) + _encode_varint(sum(map(len, inner)))
        parts += [message[copied:start].data, head, *inner]
        copied = end
        if last:
            break
    return [*parts, message[copied:].data]


def _walk(message: Message) -> Iterator[tuple[int, int | Message, tuple[int, int]]]:
    """Yield number, value and position (start, end) of each field."""
    position = 0
    while position < len(message):
        start = position
        tag, position = read_varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            value, position = read_varint(message, position)
            yield tag >> 3, value, (start, position)
            continue
        if wire_type == 2:
            size, position = read_varint(message, position)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"unknown wire type {wire_type}")
        if position + size > len(message):
            raise ValueError("truncated message")
        position += size
        yield tag >> 3, message[position - size : position], (start, position)


def _encode_varint(value: int) -> bytes:
    """Return the encoding that ``read_varint`` reads."""
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes((*digits, value))
