"""Show the terms of use once, before the first job in a terminal."""

import sys
from contextlib import suppress
from pathlib import Path

from roop.home import user_folder

TERMS = (
    "roop replaces one person's face with another's. Use it only with the consent of the people\n"
    "shown. Nudity is refused, and every output is marked as made with AI (docs/safety.md,\n"
    "docs/provenance.md). This notice is shown once.\n"
)

TERMS_VERSION = "1"
"""Increase it when everybody has to read the terms again."""


def show_terms(*, accepted: bool, interactive: bool) -> None:
    """Write the terms to stderr unless this user has seen them on this machine.

    Args:
        accepted: Remember that the user knows the terms, without writing them.
        interactive: A person reads the terminal.
    """
    path = user_folder() / "terms"
    if not (accepted or interactive) or _seen(path):
        return
    if not accepted:
        sys.stderr.write(TERMS)
    with suppress(OSError):  # the terms then appear again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{TERMS_VERSION}\n", encoding="ascii")


def _seen(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii").strip() == TERMS_VERSION
    except (OSError, ValueError):
        return False
