"""The commands, and the one edge where errors become lines and exit codes."""

import argparse
import difflib
import importlib
import io
import os
import sys
from collections.abc import Sequence

from roop.cli.parsing.parser import Parser, add_version
from roop.cli.terminal.errors import flag_style, show
from roop.cli.terminal.interrupts import CANCELLED, MESSAGE
from roop.errors import CancelledError, UsageError

COMMANDS = {
    "swap": "swap a face in a photo, an animation or a video",
    "live": "swap a face in what a camera shows",
    "enhance": "make faces sharper, or the picture larger, without a swap",
    "batch": "swap many targets with many sources, and go on where it stopped",
    "serve": "serve a web page and an API for other programs",
    "faces": "say who is in a photo or a video, and how to name them",
    "identity": "save the photos of a person under a name",
    "demo": "make a sample swap and show before and after",
    "models": "look after the neural networks",
    "jobs": "list unfinished jobs, or remove them",
    "resume": "go on with an unfinished job",
    "share": "give outputs a link and a QR code: by S3, Supabase, Google, Azure or a folder",
    "verify": "say what files tell of how they were made",
    "config": "say what is set for every command, and where",
    "doctor": "say what this machine has and what is missing",
}
"""Each is a module of this package with ``run(arguments) -> int``, imported when it is called."""

_OF_SWAP = frozenset({"-s", "--source", "-t", "--target", "-o", "--output"})
"""What somebody types first who knows the original tool, which had one command only."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: What follows the program's name.

    Returns:
        The exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may not fit the terminal
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _shown(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who read our output has seen enough
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())  # or the interpreter complains when it flushes
        return 1
    return code


def _shown(arguments: Sequence[str]) -> int:
    try:
        return _dispatch(arguments)
    except SystemExit:  # how argparse ends --help and --version
        return 0
    except BrokenPipeError:
        raise
    except Exception as error:
        return _failed(error, as_json="--json" in arguments, debug="--debug" in arguments)


def _failed(error: Exception, *, as_json: bool, debug: bool) -> int:
    if isinstance(error, CancelledError) and not as_json:
        message, hint = error.written(flag_style)
        sys.stderr.write(f"{message}\nhint: {hint}\n" if hint else f"{MESSAGE}\n")
        return CANCELLED
    return show(error, as_json=as_json, debug=debug)


def _dispatch(arguments: Sequence[str]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in COMMANDS:
        code: int = importlib.import_module(f"roop.cli.commands.{name}").run(arguments[1:])
        return code
    if name in _OF_SWAP:
        raise UsageError(f"{name} needs a command before it", hint=f"roop swap {name} ...")
    _parser().read([name])  # --help and --version end here
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see `roop --help`"
    raise UsageError(f"there is no command {name!r}", hint=hint)


def _parser() -> Parser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    about = (
        "Swap a face in a photo, a video or a live camera from one photo, offline, on a plain CPU."
    )
    parser = Parser("roop", about, epilog=f"commands:\n{listing}\n\nmore: roop COMMAND --help")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    add_version(parser)
    parser.usage = "roop COMMAND [options]"
    return parser
