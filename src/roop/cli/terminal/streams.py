"""Standard streams that are closed, or that lie on a full disk."""

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from typing_extensions import override

from roop.errors import MediaError

_STDIN, _STDOUT, _STDERR = range(3)


class StdoutError(MediaError):
    """What the command prints on stdout cannot be written."""


def prepare_streams() -> None:
    """Make the standard streams usable; call it before any file is opened.

    A stream that is closed leads nowhere from now on: the next file would get its number, and
    whatever is printed there. An error of stdout is raised as a ``StdoutError``; stderr drops what
    cannot be written, because a job must not fail for its progress.
    """
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == _STDIN else os.O_WRONLY)
    if sys.stdin is None:
        sys.stdin = open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open
    sys.stdout = _replaced(sys.stdout, _Stdout(_STDOUT, "w", closefd=False))
    sys.stderr = _replaced(sys.stderr, _Stderr(_STDERR, "w", closefd=False))


def close_stdout() -> None:
    """Drop what waits to be written, and all that follows, or the interpreter's end complains."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, StdoutError):
            stream.flush()
        with suppress(OSError):
            os.dup2(devnull, stream.fileno())


class _Stdout(io.FileIO):
    @override
    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StdoutError(
                f"the result cannot be printed: {error.strerror}",
                hint="the disk that stdout leads to may be full; files are written as they should",
            ) from error


class _Stderr(io.FileIO):
    @override
    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            raise
        except OSError:
            return len(memoryview(data))  # type: ignore[arg-type]


def _replaced(stream: TextIO | None, file: io.FileIO) -> TextIO:
    """Return a stream that writes to ``file``; terminals stay as they are."""
    if stream is not None and (not isinstance(stream, io.TextIOWrapper) or stream.isatty()):
        return stream
    unbuffered = stream is not None and stream.write_through  # as with PYTHONUNBUFFERED
    return io.TextIOWrapper(
        file if unbuffered else io.BufferedWriter(file),
        encoding=stream.encoding if stream is not None else "utf-8",
        errors=stream.errors if stream is not None else "backslashreplace",
        line_buffering=stream is None or stream.line_buffering,
        write_through=unbuffered,
    )
