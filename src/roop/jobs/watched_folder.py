"""Watch a folder for new files."""

import threading
from collections.abc import Iterator
from pathlib import Path

from roop.errors import MediaError
from roop.jobs.rows import media_in

PERIOD_S = 1.0
"""Time between two listings."""


def new_files(
    folder: Path, cancel: threading.Event, *, period_s: float = PERIOD_S
) -> Iterator[Path]:
    """Yield every picture and video in ``folder``, once, until ``cancel`` is set.

    A file is taken when it has not grown between two listings: it may still be being copied. One
    that is replaced later comes again.

    Raises:
        MediaError: The folder cannot be read.
    """
    before: dict[Path, tuple[int, int]] = {}
    yielded: dict[Path, tuple[int, int]] = {}
    while not cancel.is_set():
        now = _stamps(folder)
        for path, stamp in now.items():
            if stamp[0] and before.get(path) == stamp != yielded.get(path):
                yielded[path] = stamp
                yield path
                if cancel.is_set():
                    return
        before = now
        cancel.wait(period_s)


def _stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of each file."""
    try:
        found = [(path, path.stat()) for path in media_in(folder)]
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise MediaError(f"{folder} is no folder", hint="check its name") from error
        return {}  # a file was removed meanwhile: the next listing shows the rest
    except OSError as error:
        raise MediaError(f"{folder} cannot be read: {error.strerror}") from error
    return {path: (stamp.st_size, stamp.st_mtime_ns) for path, stamp in found}
