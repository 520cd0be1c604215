"""Atomic and durable replacement of files: readers see the old content or the new, never half."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roop.leftovers import Note


@contextmanager
def replacing(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty hidden file beside ``path`` that replaces ``path`` on a clean exit.

    On an error the hidden file is removed.

    Args:
        path: The file to create or replace.
        mode: Its permissions, before the process's umask.

    Raises:
        OSError: A file operation failed.
    """
    part = path.with_name(f".roop-{secrets.token_hex(6)}.part")
    with Note(part):
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        try:
            yield part
            sync_file(part)
            part.replace(path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Flush a file to disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Flush the entries of ``folder`` to disk, where the system lets a folder be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
