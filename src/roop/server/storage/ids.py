"""Ids of stored files, and the names that clients gave them."""

import re
import secrets

_ID = re.compile(r"[0-9a-f]{32}")

_LONGEST = 200
"""Longest name that is kept."""


def new_id() -> str:
    """Return a new random id."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Return whether ``text`` has the form of an id; only ids become parts of paths."""
    return _ID.fullmatch(text) is not None


def display_name(text: str) -> str:
    """Return a file name for display; it never becomes part of a path."""
    name = re.split(r"[/\\]", text)[-1]
    name = "".join(character for character in name if character.isprintable()).strip()
    return name[-_LONGEST:] or "unnamed"
