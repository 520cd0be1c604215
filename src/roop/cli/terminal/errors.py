"""Show an error to a person or a script at a terminal: one line, one hint, one exit code."""

import json
import sys
import traceback

from roop.cli.terminal.interrupts import CANCELLED
from roop.cli.terminal.text import line
from roop.errors import (
    CancelledError,
    MediaError,
    ModelError,
    NoFaceError,
    RefusedError,
    RoopError,
    ShareError,
    UsageError,
    unexpected,
)

EXIT_CODES: dict[type[RoopError], int] = {
    UsageError: 2,
    MediaError: 3,
    ModelError: 4,
    NoFaceError: 5,
    RefusedError: 6,
    ShareError: 10,
    CancelledError: CANCELLED,
    RoopError: 1,
}
"""The code of each kind of error; a kind that is not listed has that of the kind above it."""


def flag_style(name: str, value: str | None) -> str:
    """Write an option as a flag: ``--force``, ``--no-force``, ``--workers 1``."""
    flag = name.replace("_", "-")
    if value == "False":
        return f"--no-{flag}"
    return f"--{flag}" if value in (None, "True") else f"--{flag} {value}"


def exit_code(error: RoopError) -> int:
    """Return the exit code of ``error``."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def show(error: Exception, *, as_json: bool = False, debug: bool = False) -> int:
    """Say what went wrong and return the exit code.

    Args:
        error: Whatever reached the edge; one that is not ours is a fault of the program.
        as_json: Print an object ``{code, message, hint}`` on stdout instead of lines on stderr.
        debug: Print the traceback, too.
    """
    if debug:
        traceback.print_exception(error)
    known = error if isinstance(error, RoopError) else unexpected(error)
    message, hint = known.written(flag_style)
    if as_json:
        body = {"code": known.code, "message": message, "hint": hint}
        sys.stdout.write(json.dumps(body) + "\n")
    else:
        advice = f"hint: {line(hint)}\n" if hint else ""
        sys.stderr.write(f"error: {line(message)}\n{advice}")
    return exit_code(known)
