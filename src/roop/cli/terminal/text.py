"""Make text safe to print on a terminal: one line, no control characters."""

import sys


def one_line(text: str) -> str:
    """Return ``text`` as a single printable line, with everything else escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def warn(text: str) -> None:
    """Write a warning to stderr."""
    sys.stderr.write(f"warning: {one_line(text)}\n")


def hint(text: str) -> None:
    """Write to stderr what to do about the warning or error before."""
    sys.stderr.write(f"hint: {one_line(text)}\n")
