"""Translates what FFmpeg says into errors a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from roop.errors import MediaError
from roop.media.files.disk import absent, reason, writing


@contextmanager
def demuxing(path: Path) -> Iterator[None]:
    """Turn errors of the block into a MediaError about reading ``path``.

    Raises:
        MediaError: The file is missing, unreadable or not what it should be.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise absent(path) from error
    except PermissionError as error:
        raise MediaError(
            f"{path} may not be read", hint="check the permissions of the file"
        ) from error
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            f"{path} cannot be read as a video: {reason(error)}",
            hint="it may be damaged, incomplete or no video at all; try to play it",
        ) from error


@contextmanager
def muxing(path: Path, part: Path) -> Iterator[None]:
    """Turn errors of the block into a MediaError about writing ``path``.

    Args:
        path: The output as the person named it.
        part: The file under its name so far.

    Raises:
        DiskFullError: There is no room left.
        MediaError: The encoder or the container refused.
    """
    try:
        with writing(path, part):
            yield
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be written: {reason(error)}") from error
