"""Where a person's own files lie: keys, models, what was accepted."""

import os
from pathlib import Path


def user_folder() -> Path:
    """Return the folder of this person's files; it may not exist yet.

    A user without a home, as in many containers, has one in which nothing can be kept.
    """
    from platformdirs import user_data_path  # takes a while that --help need not wait for

    try:
        return user_data_path("roop", appauthor=False)
    except RuntimeError:
        return Path(os.devnull) / "roop"


def config_folder() -> Path:
    """Return the folder of what this person has set; like ``user_folder`` it may not exist."""
    from platformdirs import user_config_path

    try:
        return user_config_path("roop", appauthor=False)
    except RuntimeError:
        return Path(os.devnull) / "roop"
