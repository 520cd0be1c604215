"""Print an error for a person or a script, and choose the exit code."""

import json
import sys
import traceback

from roop.cli.terminal.interrupts import CANCELLED
from roop.cli.terminal.text import one_line
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
"""The exit code of each class of error; a class that is not listed has its base class's code."""


def flag_style(name: str, value: str | None) -> str:
    """Write an option as a flag: ``--force``, ``--no-force``, ``--workers 1``."""
    flag = name.replace("_", "-")
    if value == "False":
        return f"--no-{flag}"
    return f"--{flag}" if value in (None, "True") else f"--{flag} {value}"


def exit_code(error: RoopError) -> int:
    """Return the exit code of ``error``."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def print_error(error: Exception, *, as_json: bool = False, debug: bool = False) -> int:
    """Print an error and return the exit code.

    Args:
        error: Any exception; one that is not a RoopError is a bug in the program.
        as_json: Print an object ``{code, message, hint}`` on stdout instead of lines on stderr.
        debug: Print the traceback as well.
    """
    if debug:
        traceback.print_exception(error)
    known = error if isinstance(error, RoopError) else unexpected(error)
    message, hint = known.written(flag_style)
    if as_json:
        body = {"code": known.code, "message": message, "hint": hint}
        sys.stdout.write(json.dumps(body) + "\n")
    else:
        advice = f"hint: {one_line(hint)}\n" if hint else ""
        sys.stderr.write(f"error: {one_line(message)}\n{advice}")
    return exit_code(known)
