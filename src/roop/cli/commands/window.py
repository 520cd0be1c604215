"""The command ``roop window``."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags
from roop.cli.parsing.named_cameras import camera_names, with_named_camera
from roop.cli.parsing.parser import Parser, add_version
from roop.cli.terminal.text import warn
from roop.errors import UsageError
from roop.options import Settings
from roop.processors import installed

_INSTEAD = "or use the page in your browser: roop serve --open"


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    registry = installed()
    values = vars(_parser().parse(arguments))
    values.pop("debug")  # roop.cli.app reads it when it prints an error
    require_display()
    configuration = Configuration.read(registry)
    settings, sharing = configuration.settings(values), configuration.sharing({})
    from roop.window.application import run as show
    from roop.window.session import WindowSetup

    show(WindowSetup(settings, registry, sharing, _cameras()))
    return 0


def _cameras() -> dict[str, dict[str, Any]]:
    """Return the options of each configured camera by its name."""
    found = {}
    try:
        for name in camera_names():
            found[name] = with_named_camera({"input": name})
    except UsageError as error:  # the window is useful without them
        warn(str(error))
    return found


def require_display() -> None:
    """Check that a window can be opened.

    Raises:
        UsageError: Something is missing; the hint says what to install.
    """
    if find_spec("tkinter") is None or find_spec("_tkinter") is None:
        package = "Debian and Ubuntu: sudo apt install python3-tk"
        if sys.platform == "darwin":
            package = "Homebrew: brew install python-tk"
        raise UsageError(
            "the window needs tkinter, which this Python lacks", hint=f"{package}; {_INSTEAD}"
        )
    for name in ("customtkinter", "tkinterdnd2"):
        if find_spec(name) is None:
            raise UsageError(
                f"the window needs {name}, which is not installed",
                hint=f"pip install 'roop[window]'; {_INSTEAD}",
            )
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise UsageError("there is no display to show a window on", hint=_INSTEAD[3:])
    import tkinter

    try:
        tkinter.Tk().destroy()
    except tkinter.TclError as error:
        raise UsageError(f"the window cannot be opened: {error}", hint=_INSTEAD[3:]) from error


def _parser() -> Parser:
    parser = Parser(
        "roop window", "Open the desktop window (docs/window.md).", usage="roop window [options]"
    )
    add_flags(parser, "machine", Settings)
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    add_version(parser)
    return parser
