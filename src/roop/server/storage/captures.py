"""Recordings and stills of cameras."""

import re
from dataclasses import dataclass
from pathlib import Path

from roop.server.responses.problems import ApiError

_NAME = re.compile(r"roop-camera-[\d-]+\.(mp4|png)")


@dataclass(frozen=True, slots=True)
class Capture:
    """One recording or still."""

    name: str
    bytes: int
    created: float
    """When it was complete, in seconds since 1970."""

    @property
    def id(self) -> str:
        """The name, which is its own."""
        return self.name


class Captures:
    """The folder of recordings and stills.

    Args:
        folder: Where they are stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where they are written."""
        folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[Capture]:
        """Return all that are complete, the newest first."""
        found = []
        for path in self.folder.iterdir():
            if _NAME.fullmatch(path.name):
                status = path.stat()
                found.append(Capture(path.name, status.st_size, status.st_mtime))
        return sorted(found, key=lambda capture: (capture.created, capture.name), reverse=True)

    def path(self, name: str) -> Path:
        """Return the file of a capture.

        Raises:
            ApiError: It does not exist.
        """
        path = self.folder / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise ApiError("not_found", "there is no such recording", hint="it may have expired")
        return path

    def sweep(self, limit: float) -> None:
        """Delete what was saved before ``limit``, in seconds since 1970."""
        for capture in self.all():
            if capture.created < limit:
                (self.folder / capture.name).unlink(missing_ok=True)
