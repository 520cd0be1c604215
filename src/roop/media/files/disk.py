"""Turn errors of the operating system into errors that say what to do."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roop.errors import DiskFullError, MediaError

MIB = 1024 * 1024
"""Bytes in a mebibyte."""


@contextmanager
def writing(path: Path, part: Path | None = None) -> Iterator[None]:
    """Turn system errors inside the block into a MediaError about writing ``path``.

    Args:
        path: The output, as the user named it.
        part: The file written so far; its size goes into the message.

    Raises:
        DiskFullError: The disk is full.
        MediaError: The file system reports any other error.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(path, part or path) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise MediaError(
                f"no permission to write {path}", hint="check the permissions of the folder"
            ) from error
        if isinstance(error, FileNotFoundError) and path.parent.is_dir():
            raise MediaError(
                f"{path} cannot be written: files cannot be created in this folder",
                hint="choose another folder",
            ) from error
        if isinstance(error, FileNotFoundError):
            raise MediaError(
                f"the folder of {path} does not exist", hint="create it, or choose another output"
            ) from error
        raise MediaError(f"{path} cannot be written: {reason(error)}") from error


def missing_file(path: Path) -> MediaError:
    """Return the error for an input file that does not exist."""
    if re.match(r"[a-z]{2,}:/", str(path)):  # a path has lost one of the address's two slashes
        return MediaError(f"{path} is a URL, but only files can be read", hint="download it first")
    return MediaError(f"{path} does not exist", hint="check the path")


def reason(error: BaseException) -> str:
    """Return the message of the system or a library, without error number and path."""
    text = getattr(error, "strerror", None) or os.strerror(getattr(error, "errno", None) or 0)
    return str(text)[:1].lower() + str(text)[1:]


def _disk_full(path: Path, part: Path) -> DiskFullError:
    written = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
    return DiskFullError(
        f"no room for {path}: {written / MIB:.1f} MiB written, {free / MIB:.1f} MiB free",
        hint="free some space, or write to another disk",
    )
