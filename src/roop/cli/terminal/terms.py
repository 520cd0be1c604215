"""Show the terms of use once, before the first job in a terminal."""

import sys

from roop.terms import TERMS, remember_terms, terms_seen


def show_terms(*, accepted: bool, interactive: bool) -> None:
    """Write the terms to stderr unless this user has seen them on this machine.

    Args:
        accepted: Remember that the user knows the terms, without writing them.
        interactive: A person reads the terminal.
    """
    if not (accepted or interactive) or terms_seen():
        return
    if not accepted:
        sys.stderr.write(TERMS)
    remember_terms()
