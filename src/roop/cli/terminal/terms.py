"""Say once, at the first job in a terminal, what the tool is for."""

import sys
from contextlib import suppress
from pathlib import Path

from roop.home import user_folder

TERMS = (
    "roop puts one person's face in another's place. Use it only with the consent of the people\n"
    "shown. Nudity is refused, and every output is marked as made with AI (docs/safety.md,\n"
    "docs/provenance.md). This is said once.\n"
)

EDITION = "1"
"""Goes up when the terms change in a way that everybody has to be told."""


def tell_terms(*, accepted: bool, shown: bool) -> None:
    """Write the terms to stderr unless that was done before on this machine.

    Args:
        accepted: They are known: remember it without writing them.
        shown: There is a person at the terminal.
    """
    path = user_folder() / "terms"
    if not (accepted or shown) or _known(path):
        return
    if not accepted:
        sys.stderr.write(TERMS)
    with suppress(OSError):  # then they are said again the next time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{EDITION}\n", encoding="ascii")


def _known(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii").strip() == EDITION
    except (OSError, ValueError):
        return False
