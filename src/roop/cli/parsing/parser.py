"""An argument parser that raises UsageErrors and suggests the nearest option."""

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from roop.errors import UsageError
from roop.version import VERSION


class Parser(argparse.ArgumentParser):
    """The arguments of one command."""

    def __init__(
        self, prog: str, description: str, *, usage: str | None = None, epilog: str | None = None
    ) -> None:
        super().__init__(
            prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # an abbreviation would change its meaning with every new option
        )

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse ``arguments``.

        Args:
            arguments: The words after the name of the command.

        Raises:
            UsageError: An argument is unknown, missing or malformed.
            SystemExit: ``--help`` or ``--version`` was given, and printed.
        """
        values, unknown = self.parse_known_args(arguments)
        if not unknown:
            return values
        option = next((word for word in unknown if word.startswith("-")), None)
        if option is None:
            raise UsageError(f"unexpected argument {unknown[0]!r}", hint=self._see_help)
        name = option.partition("=")[0]
        raise UsageError(f"there is no option {name}", hint=self._suggestion(name))

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError instead of printing the usage and exiting."""
        hint = self._see_help
        if message.endswith(("expected one argument", "expected at least one argument")):
            hint += "; write a file name that starts with - as ./-name"
        raise UsageError(message, hint=hint)

    @property
    def _see_help(self) -> str:
        return f"see `{self.prog} --help`"

    def _suggestion(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._option_string_actions, n=1)
        return f"did you mean {near[0]}?" if near else self._see_help


def add_version(parser: Parser) -> None:
    """Add the flag that prints the version."""
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"roop {VERSION}",
        help="print the version and exit",
    )


def add_output_flags(parser: Parser) -> None:
    """Add the flags for what a command prints."""
    group = parser.add_argument_group("terminal output")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--quiet", action="store_true", help="print only errors and warnings")
    group.add_argument("--debug", action="store_true", help="print the traceback of an error")
