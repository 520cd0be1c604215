"""Uploaded photos and videos, each in its own folder with its properties."""

import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roop.errors import MediaError
from roop.media.files.disk import writing
from roop.media.files.extensions import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from roop.replacement import replacing
from roop.server.responses.problems import ApiError
from roop.server.storage.ids import is_id

_ABOUT = "about.json"


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One photo, animation or video."""

    id: str
    name: str
    """The name that the client gave it."""
    created: float
    """Seconds since 1970."""
    used: float
    """When it was last used."""
    bytes: int
    suffix: str
    """The extension of its file: a known one, or none."""
    kind: str
    width: int
    height: int
    frames: int | None
    fps: float | None
    duration_s: float | None
    codec: str
    type: str
    """Its media type."""


class MediaStore:
    """The folder of media.

    Args:
        folder: Where they are stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._items: dict[str, MediaItem] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            with suppress(OSError, ValueError, TypeError):
                values = json.loads((path / _ABOUT).read_text(encoding="utf-8"))
                item = MediaItem(**values)
                if self.path(item).is_file():
                    self._items[path.name] = item
                    continue
            shutil.rmtree(path, ignore_errors=True)  # incomplete: the server was killed

    def add(self, id: str, name: str, file: Path, found: Mapping[str, Any]) -> MediaItem:
        """Add an inspected file.

        Args:
            id: The id of its upload, which becomes its own.
            name: The name that the client gave it.
            file: The file, which is moved.
            found: Its properties.
        """
        suffix = Path(name).suffix.lower()
        suffix = suffix if suffix in IMAGE_SUFFIXES | VIDEO_SUFFIXES else ""
        now = time.time()
        item = MediaItem(
            id=id,
            name=name,
            created=now,
            used=now,
            bytes=file.stat().st_size,
            suffix=suffix,
            **found,
        )
        folder = self._folder / id
        try:
            with writing(folder):
                folder.mkdir()
                with replacing(folder / _ABOUT) as part:
                    part.write_text(json.dumps(dataclasses.asdict(item)), encoding="utf-8")
                file.replace(self.path(item))  # last: until then it is an upload
        except MediaError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with self._lock:
            self._items[id] = item
        return item

    def get(self, id: str) -> MediaItem:
        """Return an item.

        Raises:
            ApiError: It does not exist.
        """
        with self._lock:
            item = self._items.get(id) if is_id(id) else None
        if item is None:
            raise ApiError("not_found", "there is no such file", hint="it may have expired")
        return item

    def all(self) -> list[MediaItem]:
        """Return all items, the newest first."""
        with self._lock:
            items = list(self._items.values())
        return sorted(items, key=lambda item: (item.created, item.id), reverse=True)

    def touch(self, id: str) -> None:
        """Record that an item is used now."""
        with self._lock:
            item = self._items.get(id)
            if item is not None:
                item = dataclasses.replace(item, used=time.time())
                self._items[id] = item
        if item is not None:
            with suppress(OSError), replacing(self._folder / id / _ABOUT) as part:
                part.write_text(json.dumps(dataclasses.asdict(item)), encoding="utf-8")

    def path(self, item: MediaItem) -> Path:
        """Return the file of an item."""
        return self._folder / item.id / f"content{item.suffix}"

    def id_of(self, path: Path) -> str | None:
        """Return the id of the item with this file, None if there is none."""
        id = path.parent.name
        return id if path.parent.parent == self._folder and is_id(id) else None

    def remove(self, id: str) -> None:
        """Delete an item."""
        with self._lock:
            self._items.pop(id, None)
        (self._folder / id / _ABOUT).unlink(missing_ok=True)
        shutil.rmtree(self._folder / id, ignore_errors=True)

    @property
    def bytes(self) -> int:
        """Bytes of all items together."""
        return sum(item.bytes for item in self.all())
