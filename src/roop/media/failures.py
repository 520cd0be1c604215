"""Translates what FFmpeg and the operating system say into errors a person can act on."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from roop.errors import DiskFullError, MediaError

MIB = 1024 * 1024
"""Bytes in a mebibyte."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors of the block into a MediaError about reading ``path``.

    Raises:
        MediaError: The file is missing, unreadable or not what it should be.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist", hint="check the path") from error
    except PermissionError as error:
        raise MediaError(
            f"{path} may not be read", hint="check the permissions of the file"
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(
            f"{path} cannot be read as a video: {_reason(error)}",
            hint="the file may be damaged, incomplete or of another kind; try to play it",
        ) from error


@contextmanager
def writing(path: Path, part: Path | None = None) -> Iterator[None]:
    """Turn errors of the block into a MediaError about writing ``path``.

    Args:
        path: The output as the person named it.
        part: What was written so far, for the size in the message.

    Raises:
        DiskFullError: There is no room left.
        MediaError: Anything else that the file system or FFmpeg reports.
    """
    try:
        yield
    except PermissionError as error:
        raise MediaError(
            f"{path} may not be written", hint="check the permissions of the folder"
        ) from error
    except (av.error.FFmpegError, OSError) as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(path, part or path) from error
        raise MediaError(f"{path} cannot be written: {_reason(error)}") from error


def _disk_full(path: Path, part: Path) -> DiskFullError:
    written = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
    return DiskFullError(
        f"no room for {path}: {written / MIB:.1f} MiB written, {free / MIB:.1f} MiB free",
        hint="free some space, or write to another disk",
    )


def _reason(error: BaseException) -> str:
    """Return FFmpeg's or the system's own words, without numbers and paths."""
    text = getattr(error, "strerror", None) or os.strerror(getattr(error, "errno", None) or 0)
    return str(text)[:1].lower() + str(text)[1:]
