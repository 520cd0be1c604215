"""Dispatch a command line to its command, and turn errors into lines and exit codes."""

import argparse
import difflib
import importlib
import io
import sys
from collections.abc import Sequence

from roop.cli.parsing.parser import Parser, add_version
from roop.cli.terminal.errors import flag_style, print_error
from roop.cli.terminal.interrupts import CANCELLED, CANCELLED_MESSAGE
from roop.cli.terminal.streams import StdoutError, close_stdout
from roop.errors import CancelledError, UsageError

COMMANDS = {
    "window": "open the desktop window",
    "swap": "swap a face in a photo, an animation or a video",
    "live": "swap a face in a live camera stream",
    "enhance": "sharpen faces in a photo or video without swapping them",
    "batch": "swap many sources and targets; a second run does only what is missing",
    "serve": "serve a web page and an API for other programs",
    "faces": "list the people in a photo or video",
    "identity": "save the photos of a person under a name",
    "demo": "make a sample swap and show it before and after",
    "models": "download, list and remove models",
    "jobs": "list or remove unfinished jobs",
    "resume": "resume an unfinished job",
    "share": "upload outputs and get a link and a QR code",
    "verify": "show how a file was made",
    "config": "show every option, its value and where it was set",
    "doctor": "check this machine or a camera, and show what is missing",
}
"""Each command is a module ``roop.cli.commands.NAME`` with ``run(arguments) -> int``."""

_SWAP_FLAGS = frozenset({"-s", "--source", "-t", "--target", "-o", "--output"})
"""What users of the original roop type first: it had one command only."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: The words after the program's name.

    Returns:
        The exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # the terminal may lack a file name's characters
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _run_or_print_error(arguments)
        sys.stdout.flush()
    except StdoutError as error:
        code = print_error(error, debug="--debug" in arguments)
        close_stdout()
    except BrokenPipeError:  # the reader of our output has closed it
        close_stdout()
        return 1
    return code


def _run_or_print_error(arguments: Sequence[str]) -> int:
    try:
        return _dispatch(arguments)
    except SystemExit:  # argparse raises it after --help and --version
        return 0
    except (BrokenPipeError, StdoutError):
        raise
    except Exception as error:
        return _print_error(error, as_json="--json" in arguments, debug="--debug" in arguments)


def _print_error(error: Exception, *, as_json: bool, debug: bool) -> int:
    if isinstance(error, CancelledError) and not as_json:
        message, hint = error.written(flag_style)
        sys.stderr.write(f"{message}\nhint: {hint}\n" if hint else f"{CANCELLED_MESSAGE}\n")
        return CANCELLED
    return print_error(error, as_json=as_json, debug=debug)


def _dispatch(arguments: Sequence[str]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in COMMANDS:
        code: int = importlib.import_module(f"roop.cli.commands.{name}").run(arguments[1:])
        return code
    if name in _SWAP_FLAGS:
        raise UsageError(f"{name} needs a command before it", hint=f"roop swap {name} ...")
    _parser().parse([name])  # exits if this is --help or --version
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see `roop --help`"
    raise UsageError(f"there is no command {name!r}", hint=hint)


def _parser() -> Parser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        "roop",
        "Swap a face in a photo, a video or a live camera from one photo, offline, on a plain CPU.",
        usage="roop COMMAND [options]",
        epilog=f"commands:\n{listing}\n\nRun `roop COMMAND --help` for the options of a command.",
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    add_version(parser)
    return parser
