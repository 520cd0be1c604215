"""Cut a part out of a TensorFlow Lite file, so that the rest need not be understood.

Only the first subgraph's lists of operators, inputs and outputs change. The tables of what is left
out stay in the file; nothing refers to them.

Source: the schema of TensorFlow Lite and the FlatBuffers format.
"""

import struct
from collections.abc import Sequence

_SUBGRAPHS = 2
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = range(4)
_TENSOR_NAME = 3
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 1, 2
"""Numbers of the fields of a model, a subgraph, a tensor and an operator, from the schema."""


def cut_out(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Return the part of a network that leads from some tensors to others.

    Args:
        content: The file.
        inputs: Names of the tensors that the part gets.
        outputs: Names of those that it returns.

    Raises:
        ValueError: The file is damaged, or has no such tensors.
    """
    try:
        return _cut_out(bytearray(content), inputs, outputs)
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("not the expected TensorFlow Lite file") from error


def _cut_out(content: bytearray, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    buffer = _Buffer(content)
    graph = buffer.tables(buffer.follow(0), _SUBGRAPHS)[0]
    tensors = buffer.tables(graph, _TENSORS)
    numbers = {buffer.text(tensor, _TENSOR_NAME): i for i, tensor in enumerate(tensors)}
    first, last = [numbers[name] for name in inputs], [numbers[name] for name in outputs]
    operators = buffer.tables(graph, _OPERATORS)
    makers = {
        made: place
        for place, operator in enumerate(operators)
        for made in buffer.integers(operator, _OPERATOR_OUTPUTS)
    }
    needed: set[int] = set()
    wanted = list(last)
    while wanted:
        tensor = wanted.pop()
        maker = makers.get(tensor)
        if tensor not in first and maker is not None and maker not in needed:
            needed.add(maker)
            wanted += buffer.integers(operators[maker], _OPERATOR_INPUTS)
    buffer.keep_tables(graph, _OPERATORS, [operators[place] for place in sorted(needed)])
    buffer.replace_integers(graph, _INPUTS, first)
    buffer.replace_integers(graph, _OUTPUTS, last)
    return bytes(buffer.content)


class _Buffer:
    """A FlatBuffers file; tables are named by their positions in it."""

    def __init__(self, content: bytearray) -> None:
        self.content = content

    def follow(self, position: int) -> int:
        """Return where the offset at ``position`` leads."""
        return position + self._read("<I", position)

    def tables(self, table: int, field: int) -> list[int]:
        """Return the tables that a field lists."""
        start, count = self._vector(table, field)
        return [self.follow(start + 4 * i) for i in range(count)]

    def integers(self, table: int, field: int) -> list[int]:
        """Return the integers that a field lists."""
        start, count = self._vector(table, field)
        return list(struct.unpack_from(f"<{count}i", self.content, start))

    def text(self, table: int, field: int) -> str:
        """Return the text of a field."""
        start, count = self._vector(table, field)
        return self.content[start : start + count].decode()

    def keep_tables(self, table: int, field: int, kept: Sequence[int]) -> None:
        """Shorten a list of tables to some of them, in their order."""
        start, _ = self._vector(table, field)
        struct.pack_into("<I", self.content, start - 4, len(kept))
        for i, position in enumerate(kept):
            struct.pack_into("<I", self.content, start + 4 * i, position - (start + 4 * i))

    def replace_integers(self, table: int, field: int, values: Sequence[int]) -> None:
        """Make a field refer to a new list of integers, at the end of the file."""
        self.content.extend(bytes(-len(self.content) % 4))
        position = self._field(table, field)
        struct.pack_into("<I", self.content, position, len(self.content) - position)
        self.content.extend(struct.pack(f"<I{len(values)}i", len(values), *values))

    def _vector(self, table: int, field: int) -> tuple[int, int]:
        """Return the position and the length of a field's list."""
        start = self.follow(self._field(table, field))
        return start + 4, self._read("<I", start)

    def _field(self, table: int, field: int) -> int:
        fields = table - self._read("<i", table)
        offset = self._read("<H", fields + 4 + 2 * field)
        if not offset:
            raise KeyError(field)
        return table + offset

    def _read(self, layout: str, position: int) -> int:
        value: int = struct.unpack_from(layout, self.content, position)[0]
        return value
