"""Saved identities of the person who runs the server, by ids instead of paths."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from roop.media.pictures.identity_file import SUFFIX
from roop.server.responses.problems import ApiError
from roop.server.storage.ids import is_id


@dataclass(frozen=True, slots=True)
class SavedIdentity:
    """One saved identity."""

    id: str
    path: Path
    bytes: int
    created: float
    """When it was saved, in seconds since 1970."""

    @property
    def name(self) -> str:
        """The name that it was saved under."""
        return self.path.stem


class Identities:
    """The folder of saved identities, which the command line and the window use, too.

    Args:
        folder: Where they are stored; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where they are stored."""

    def all(self) -> list[SavedIdentity]:
        """Return all saved identities, the newest first."""
        found = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):  # deleted meanwhile
                status = path.stat()
                found.append(SavedIdentity(_id_of(path), path, status.st_size, status.st_mtime))
        return sorted(found, key=lambda saved: (saved.created, saved.id), reverse=True)

    def find(self, id: str) -> SavedIdentity | None:
        """Return the saved identity with this id, None if there is none."""
        return next((saved for saved in self.all() if saved.id == id), None) if is_id(id) else None

    def get(self, id: str) -> SavedIdentity:
        """Return the saved identity with this id.

        Raises:
            ApiError: It does not exist.
        """
        found = self.find(id)
        if found is None:
            raise ApiError(
                "not_found", "there is no such saved identity", hint="it may have been deleted"
            )
        return found

    def named(self, name: str) -> SavedIdentity | None:
        """Return the saved identity of this name, None if there is none."""
        return next((saved for saved in self.all() if saved.name == name), None)


def _id_of(path: Path) -> str:
    """Return the id, which depends on the name alone: it outlives a restart."""
    return hashlib.sha256(path.stem.encode("utf-8", "surrogateescape")).hexdigest()[:32]
