"""Locations of the user's own files: keys, models, configuration."""

import os
from collections.abc import Callable
from pathlib import Path

NOWHERE = Path(os.devnull) / "roop"
"""A folder that cannot be created, for users without a home, as in many containers."""


def user_folder() -> Path:
    """Return the folder for this user's data; it may not exist yet, or be ``NOWHERE``."""
    from platformdirs import user_data_path  # imported late: --help does not need it

    return _reachable(lambda: user_data_path("roop", appauthor=False))


def config_folder() -> Path:
    """Return the folder for this user's configuration; it may not exist yet, or be ``NOWHERE``."""
    from platformdirs import user_config_path

    return _reachable(lambda: user_config_path("roop", appauthor=False))


def _reachable(find: Callable[[], Path]) -> Path:
    """Return the folder that ``find`` returns, or ``NOWHERE`` if this user cannot access it."""
    try:
        path = find()
        path.stat()
    except (RuntimeError, PermissionError):  # no home, or another user's
        return NOWHERE
    except OSError:
        pass  # accessible, but missing
    return path
