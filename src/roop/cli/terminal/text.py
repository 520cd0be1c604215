"""Text for a terminal: nothing in it that a terminal would obey or that would break a line."""

import sys


def line(text: str) -> str:
    """Return ``text`` as one line, whatever the names of files in it are made of."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def warn(text: str) -> None:
    """Write a warning to stderr."""
    sys.stderr.write(f"warning: {line(text)}\n")
