"""Turn FFmpeg's errors into errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from roop.errors import MediaError
from roop.media.files.disk import missing_file, reason, writing


@contextmanager
def demuxing(path: Path) -> Iterator[None]:
    """Turn errors inside the block into a MediaError about reading ``path``.

    Raises:
        MediaError: The file is missing, not readable or not a media file.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise missing_file(path) from error
    except PermissionError as error:
        raise MediaError(
            f"no permission to read {path}", hint="check the permissions of the file"
        ) from error
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            f"{path} cannot be read as a video: {reason(error)}",
            hint="it may be damaged, incomplete or not a video; try to play it",
        ) from error


@contextmanager
def muxing(path: Path, part: Path) -> Iterator[None]:
    """Turn errors inside the block into a MediaError about writing ``path``.

    Args:
        path: The output, as the user named it.
        part: The file that is written until it gets this name.

    Raises:
        DiskFullError: The disk is full.
        MediaError: FFmpeg or the file system reports another error.
    """
    try:
        with writing(path, part):
            yield
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be written: {reason(error)}") from error
