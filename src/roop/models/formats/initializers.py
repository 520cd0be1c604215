"""Initializers (constants) of an ONNX file, read without loading the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.formats.protobuf import Message, fields, read_varint

# Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
_GRAPH = 7
_INITIALIZER = 5
_DIMS, _DATA_TYPE, _FLOAT_DATA, _RAW_DATA = 1, 2, 4, 9
_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}


def last_initializer(path: Path) -> NDArray[np.float32]:
    """Return the last initializer of a graph: the emap in inswapper's files.

    Reads only the headers of the file, not its hundreds of megabytes.

    Args:
        path: An ONNX file.

    Returns:
        The initializer in its own shape: ``(512, 512)`` for inswapper.

    Raises:
        ModelError: The file is damaged, or its last initializer is not floating-point.

    Source: insightface 2.x, ``model_zoo/inswapper.py``.
    """
    try:
        graphs = _submessages(np.memmap(path, np.uint8, mode="r"), _GRAPH)
        *_, last = (tensor for graph in graphs for tensor in _submessages(graph, _INITIALIZER))
        return _decode_tensor(last)
    except (OSError, ValueError, LookupError) as error:
        raise ModelError(
            f"cannot read the last initializer of {path}: {error}",
            hint="delete the file to download it again",
        ) from error


def _decode_tensor(tensor: Message) -> NDArray[np.float32]:
    dims: list[int] = []
    dtype, data = 0, b""
    for number, value in fields(tensor):
        if number == _DIMS:
            dims += _decode_numbers(value)
        elif number == _DATA_TYPE and isinstance(value, int):
            dtype = value
        elif number in (_FLOAT_DATA, _RAW_DATA) and not isinstance(value, int):
            data = value.tobytes()
    values: NDArray[np.float32] = np.frombuffer(data, _DTYPES[dtype]).astype(np.float32)
    return values.reshape(dims)


def _decode_numbers(value: int | Message) -> list[int]:
    """Return the numbers of a repeated field, packed or not."""
    if isinstance(value, int):
        return [value]
    numbers, position = [], 0
    while position < len(value):
        number, position = read_varint(value, position)
        numbers.append(number)
    return numbers


def _submessages(message: Message, wanted: int) -> Iterator[Message]:
    for number, value in fields(message):
        if number == wanted and not isinstance(value, int):
            yield value
