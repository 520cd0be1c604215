"""Translates what the operating system says about writing into errors a person can act on."""

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
    """Turn system errors of the block into a MediaError about writing ``path``.

    Args:
        path: The output as the person named it.
        part: What was written so far, for the size in the message.

    Raises:
        DiskFullError: There is no room left.
        MediaError: Anything else that the file system reports.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(path, part or path) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise MediaError(
                f"{path} may not be written", hint="check the permissions of the folder"
            ) from error
        if isinstance(error, FileNotFoundError) and path.parent.is_dir():
            raise MediaError(
                f"{path} cannot be written: no files can be made in that folder",
                hint="name a file in another folder",
            ) from error
        if isinstance(error, FileNotFoundError):
            raise MediaError(
                f"the folder of {path} does not exist", hint="create it, or name another output"
            ) from error
        raise MediaError(f"{path} cannot be written: {reason(error)}") from error


def absent(path: Path) -> MediaError:
    """Return what is to be said of a file that is to be read and isn't there."""
    if re.match(r"[a-z]{2,}:/", str(path)):  # a path has lost one of the address's two slashes
        return MediaError(
            f"{path} is an address, and only files are read", hint="download it first"
        )
    return MediaError(f"{path} does not exist", hint="check the path")


def reason(error: BaseException) -> str:
    """Return the system's or a library's own words, without numbers and paths."""
    text = getattr(error, "strerror", None) or os.strerror(getattr(error, "errno", None) or 0)
    return str(text)[:1].lower() + str(text)[1:]


def _disk_full(path: Path, part: Path) -> DiskFullError:
    written = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
    return DiskFullError(
        f"no room for {path}: {written / MIB:.1f} MiB written, {free / MIB:.1f} MiB free",
        hint="free some space, or write to another disk",
    )
