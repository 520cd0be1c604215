"""A file that only grows, and whose content can be told from what others write into it."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from roop.context_managers import Closing

Authenticate = Callable[[bytes], str]
"""Returns the code of some content, which only this user can compute."""

_PERIOD_S = 1.0
"""Least time between two codes."""

_BLOCK = 1 << 20
"""Bytes that are read at once."""


class AuthenticatedFile(Closing):
    """Takes what FFmpeg writes; beside it, a file of codes says what was written until when.

    Whatever ends the program, all but the last second can be told from what others wrote.

    Args:
        path: The file to create.
        authenticate: Returns the code of some content.
    """

    def __init__(self, path: Path, authenticate: Authenticate) -> None:
        self.path = path
        self._authenticate = authenticate
        self._file = path.open("xb", buffering=0)
        self._codes = _codes_of(path).open("x", encoding="ascii")
        self._digest = hashlib.sha256()
        self._length = 0
        self._last = time.monotonic()

    def write(self, data: bytes) -> int:
        """Append ``data``.

        Raises:
            OSError: It cannot be written.
        """
        self._digest.update(data)
        self._length += len(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        if time.monotonic() - self._last >= _PERIOD_S:
            self._add_code()
        return len(data)

    def close(self) -> None:
        """Authenticate the whole file, and close it."""
        if not self._file.closed:
            self._file.close()
            self._add_code()
            self._codes.close()

    def _add_code(self) -> None:
        code = self._authenticate(_content(self._length, self._digest.hexdigest()))
        self._codes.write(f"{self._length} {code}\n")
        self._codes.flush()
        self._last = time.monotonic()


def authenticated_length(path: Path, authenticate: Authenticate) -> int:
    """Return how many bytes at the beginning of a file are as they were written.

    Raises:
        OSError: The file cannot be read.
    """
    known, length, digest = 0, 0, hashlib.sha256()
    with path.open("rb") as file:
        for end, code in _codes(path):
            while length < end and (block := file.read(min(_BLOCK, end - length))):
                digest.update(block)
                length += len(block)
            if length != end or code != authenticate(_content(end, digest.hexdigest())):
                break
            known = end
    return known


def _codes(path: Path) -> list[tuple[int, str]]:
    """Return the lengths that have a code; nothing from the first line on that is none."""
    found = []
    with suppress(OSError, ValueError):
        for line in _codes_of(path).read_text(encoding="ascii").splitlines():
            length, code = line.split()
            found.append((int(length), code))
    return found


def _codes_of(path: Path) -> Path:
    return path.with_suffix(".codes")


def _content(length: int, digest: str) -> bytes:
    return f"{length} {digest}".encode()
