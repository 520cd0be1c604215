"""Names of things that the server keeps, and of the files that people sent."""

import re
import secrets

_ID = re.compile(r"[0-9a-f]{32}")

_LONGEST = 200
"""Characters of a file's name that are kept."""


def new_id() -> str:
    """Return a name that nobody can guess."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Return True if ``text`` could be one of our names: nothing else becomes part of a path."""
    return _ID.fullmatch(text) is not None


def display_name(text: str) -> str:
    """Return a file's name as it may be shown, but never become part of a path."""
    name = re.split(r"[/\\]", text)[-1]
    name = "".join(character for character in name if character.isprintable()).strip()
    return name[-_LONGEST:] or "unnamed"
