"""The command ``roop enhance``: sharpen faces without swapping them."""

from collections.abc import Sequence

from roop.cli.commands import swap


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    return swap.run(["--engine", "none", "--enhance", *arguments], prog="roop enhance")
