"""Where a person's own files lie: keys, models, what was accepted."""

import os
from collections.abc import Callable
from pathlib import Path

NOWHERE = Path(os.devnull) / "roop"
"""A folder in which nothing can be kept, of a user without a home, as in many containers."""


def user_folder() -> Path:
    """Return the folder of this person's files; it may not exist yet, or be ``NOWHERE``."""
    from platformdirs import user_data_path  # takes a while that --help need not wait for

    return _reachable(lambda: user_data_path("roop", appauthor=False))


def config_folder() -> Path:
    """Return the folder of what this person has set; like ``user_folder`` it may not exist."""
    from platformdirs import user_config_path

    return _reachable(lambda: user_config_path("roop", appauthor=False))


def _reachable(find: Callable[[], Path]) -> Path:
    """Return what ``find`` finds, unless this user may not even look for it."""
    try:
        path = find()
        path.stat()
    except (RuntimeError, PermissionError):  # no home, or that of another user
        return NOWHERE
    except OSError:
        pass  # it can be looked for, and is not there
    return path
