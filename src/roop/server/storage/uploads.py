"""Uploads in progress; every received part is stored."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from roop.errors import DiskFullError
from roop.media.files.disk import writing
from roop.replacement import replacing
from roop.server.options import ServerOptions
from roop.server.responses.problems import ApiError
from roop.server.storage.ids import is_id, new_id


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in progress."""

    id: str
    name: str
    """The name that the client gave it."""
    length: int
    """Bytes of the whole file."""
    offset: int
    """Bytes received so far."""
    changed: float
    """When the last part was received, in seconds since 1970."""

    @property
    def complete(self) -> bool:
        """True if nothing is missing."""
        return self.offset == self.length


class Uploads:
    """The folder of uploads. All state is in files, which survive a crash.

    Args:
        folder: Where they are stored.
        options: The limits.
    """

    def __init__(self, folder: Path, options: ServerOptions) -> None:
        self._folder = folder
        self._options = options
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_incomplete()

    def create(self, length: int, name: str, *, stored: Callable[[], int]) -> Upload:
        """Start an upload.

        Args:
            length: Bytes of the file.
            name: The name that the client gave it.
            stored: Returns the bytes of all complete files.

        Raises:
            ApiError: It exceeds the limit of one file or of all files.
            DiskFullError: The disk is full.
        """
        if length > self._options.upload_bytes:
            raise ApiError(
                "too_large",
                f"{length / 1e9:.2f} GB are more than one file may have",
                hint=f"send at most {self._options.max_upload:g} GB",
            )
        with self._lock:
            pending = [self._length(path) for path in self._folder.glob("*.json")]
            # Only now: an upload that has become a file meanwhile counts twice rather than never.
            kept = stored() + sum(pending)
            if kept + length > self._options.storage_bytes:
                raise ApiError(
                    "too_large",
                    "the server keeps no more uploads",
                    hint="delete some that are not needed any more",
                )
            missing = sum(each.length - each.offset for each in self.all())
            self.require_room(length + missing)
            id = new_id()
            with writing(self._about(id)):
                self.path(id).touch()
                with replacing(self._about(id)) as part:
                    part.write_text(json.dumps({"name": name, "length": length}), encoding="utf-8")
        return Upload(id, name, length, 0, time.time())

    def require_room(self, length: int) -> None:
        """Check that the disk has room for ``length`` bytes.

        Raises:
            DiskFullError: It does not.
        """
        free = shutil.disk_usage(self._folder).free
        if free - length < self._options.free_bytes:
            raise DiskFullError(
                f"the server's disk has {free / 1e9:.2f} GB left",
                hint="delete uploads and results that are not needed any more",
            )

    def get(self, id: str) -> Upload:
        """Return an upload.

        Raises:
            ApiError: It does not exist.
        """
        if is_id(id):
            try:
                about = json.loads(self._about(id).read_text(encoding="utf-8"))
                status = self.path(id).stat()
                return Upload(id, about["name"], about["length"], status.st_size, status.st_mtime)
            except (OSError, ValueError, KeyError):
                pass
        raise ApiError("not_found", "there is no such upload", hint="start a new one")

    def all(self) -> Iterator[Upload]:
        """Yield every upload."""
        for path in self._folder.glob("*.json"):
            with suppress(ApiError):  # its file is being moved to the media
                yield self.get(path.stem)

    def append(self, id: str, data: bytes) -> None:
        """Append a received part.

        Raises:
            DiskFullError: The disk is full.
        """
        path = self.path(id)
        with writing(path), path.open("r+b") as file:
            file.seek(0, 2)
            file.write(data)

    def path(self, id: str) -> Path:
        """Return the file of an upload."""
        return self._folder / f"{id}.part"

    def remove(self, id: str) -> None:
        """Delete an upload."""
        self._about(id).unlink(missing_ok=True)
        self.path(id).unlink(missing_ok=True)

    def _remove_incomplete(self) -> None:
        """Delete what a server leaves behind that was killed while an upload began or ended."""
        ids = {path.stem for path in self._folder.iterdir()}
        for id in ids - {upload.id for upload in self.all()}:
            if is_id(id):
                self.remove(id)

    @staticmethod
    def _length(about: Path) -> int:
        """Return the bytes that an upload takes, wherever its file is at this moment."""
        try:
            length: int = json.loads(about.read_text(encoding="utf-8"))["length"]
        except (OSError, ValueError, KeyError):
            return 0  # it has ended
        return length

    def _about(self, id: str) -> Path:
        return self._folder / f"{id}.json"
