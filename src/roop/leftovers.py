"""Notes about hidden files and folders, by which the next run removes those of killed ones.

A note is a small file in the user's data folder, locked by the process that wrote it. A lock ends
with its process, however that ends: a note without one tells of a leftover.
"""

import os
import platform
import re
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Closing
from roop.home import user_folder

_NAME = re.compile(r"\.roop-[0-9a-f]{12}(\.[^.]*)?|\.?roop-(clip|demo|frames|reel)-\w+")
"""Names that are ever noted: nothing else is removed, whatever a note says."""

_FOREIGN_S = 7 * 86_400.0
"""Age from which a note of another machine counts: its locks may not be seen from here."""

_EMPTY_S = 60.0
"""Age from which an empty note counts: it is that of a process killed before it wrote it."""


class Note(Closing):
    """Says that this process writes a hidden file or folder. A context manager.

    Close it when the file has its final name or is gone. Where no note can be written, there is
    none, and a leftover would stay.

    Args:
        path: The file or folder, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        remove_leftovers()
        self._path = _folder() / secrets.token_hex(8)
        self._descriptor: int | None = None
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            _lock(self._descriptor, wait=True)
            os.write(self._descriptor, f"{platform.node()}\n{path.absolute()}".encode())

    @override
    def close(self) -> None:
        """Remove the note."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            with suppress(OSError):  # Windows, while another process looks at it
                self._path.unlink(missing_ok=True)


def remove_leftovers() -> None:
    """Remove what killed processes have left behind, and the notes about it."""
    with suppress(OSError):
        for note in os.scandir(_folder()):
            with suppress(OSError, ValueError):
                _remove_noted(Path(note.path))


def _folder() -> Path:
    return user_folder() / "leftovers"


def _remove_noted(note: Path) -> None:
    """Remove a leftover and its note, unless the process that wrote it lives.

    Raises:
        OSError: It lives, or the leftover cannot be removed.
    """
    descriptor = os.open(note, os.O_RDWR)
    try:
        _lock(descriptor, wait=False)
        node, _, name = os.read(descriptor, 8192).decode().partition("\n")
        patience_s = _FOREIGN_S if node else _EMPTY_S
        age_s = time.time() - os.fstat(descriptor).st_mtime
        if node != platform.node() and age_s < patience_s:
            return
        if _NAME.fullmatch(Path(name).name):
            _remove(Path(name))
    finally:
        os.close(descriptor)
    note.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _lock(descriptor: int, *, wait: bool) -> None:
    """Lock a file until it is closed.

    Raises:
        OSError: Another process has locked it, or the file system has no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # others cannot read what is locked
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
