"""A target as it was when it was opened: one that changes while it is read makes no output."""

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roop.errors import MediaError


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A target, and by what a change of it is noticed.

    Inodes are left out: some network drives make up new ones.
    """

    path: Path
    size: int | None
    """Bytes; None for what is not a regular file, and for one that cannot be looked at."""
    changed_ns: int | None
    """Time of the last change, nanoseconds since 1970."""

    @classmethod
    def of(cls, path: Path) -> "TargetFile":
        """Return what there is now, before any of it is read."""
        try:
            found = path.stat()
        except OSError:
            return cls(path, None, None)
        if not stat.S_ISREG(found.st_mode):  # a pipe, whose times change as it is read
            return cls(path, None, None)
        return cls(path, found.st_size, found.st_mtime_ns)

    def require_unchanged(self) -> None:
        """Check that the target is what it was.

        Raises:
            MediaError: It was truncated, extended, edited, replaced or removed.
        """
        if self.size is None:
            return
        now = TargetFile.of(self.path)
        if now == self:
            return
        how = "was removed or replaced"
        if now.size is not None:
            shorter, longer = now.size < self.size, now.size > self.size
            how = "became shorter" if shorter else "became longer" if longer else "was changed"
        raise MediaError(
            f"{self.path} {how} while it was read", hint="run it again when the file is complete"
        )

    @contextmanager
    def explaining_errors(self) -> Iterator[None]:
        """If a change of the target is why the block fails, say so instead.

        Raises:
            MediaError: The block raised one.
        """
        try:
            yield
        except MediaError:
            self.require_unchanged()
            raise

    def to_dict(self) -> dict[str, Any]:
        """Return the file as JSON has it."""
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TargetFile":
        """Return the file that ``to_dict`` wrote."""
        return cls(Path(data["path"]), data["size"], data["changed_ns"])
