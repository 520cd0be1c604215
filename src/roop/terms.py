"""The terms of use, and whether this user has seen them."""

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


def terms_seen() -> bool:
    """Return True if this user has seen the terms on this machine."""
    try:
        return _file().read_text(encoding="ascii").strip() == TERMS_VERSION
    except (OSError, ValueError):
        return False


def remember_terms() -> None:
    """Remember that this user has seen the terms."""
    path = _file()
    with suppress(OSError):  # the terms then appear again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{TERMS_VERSION}\n", encoding="ascii")


def _file() -> Path:
    return user_folder() / "terms"
