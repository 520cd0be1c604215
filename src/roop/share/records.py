"""Records of the files shared from this machine, one small file each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from roop.home import user_folder
from roop.replacement import replacing
from roop.share.targets import is_shared_name


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that was shared."""

    name: str
    target: str
    size: int
    """In bytes."""
    shared_at: datetime
    address: str | None
    """None if it was shared from another machine."""
    expires_at: datetime | None
    """When the address expires; None if it does not, or if that is unknown."""
    file: Path | None
    """The file that was uploaded."""

    def to_dict(self) -> dict[str, object]:
        """Return the record as JSON has it."""
        fields = asdict(self)
        times = {name: fields[name] and fields[name].isoformat() for name in _TIMES}
        return {**fields, **times, "file": self.file and str(self.file)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "SharedFile":
        """Return the record that ``to_dict`` wrote.

        Raises:
            KeyError: A field is missing.
            TypeError, ValueError: A field has another type.
        """
        expires, file = data["expires_at"], data["file"]
        return SharedFile(
            name=str(data["name"]),
            target=str(data["target"]),
            size=int(data["size"]),
            shared_at=datetime.fromisoformat(data["shared_at"]),
            address=data["address"],
            expires_at=datetime.fromisoformat(expires) if expires else None,
            file=Path(file) if file else None,
        )


_TIMES = ("shared_at", "expires_at")


def remember(shared: SharedFile) -> None:
    """Write a record. Other users cannot read it: anyone with the address can fetch the file.

    Raises:
        OSError: It cannot be written.
    """
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(_path(shared.name), mode=0o600) as part:
        part.write_text(json.dumps(shared.to_dict()), encoding="utf-8")


def recall(name: str) -> SharedFile | None:
    """Return the record of ``name``, None if there is none."""
    try:
        return SharedFile.from_dict(json.loads(_path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def recall_all() -> list[SharedFile]:
    """Return all records, the latest first; damaged ones are left out."""
    return sorted(_all(), key=lambda shared: shared.shared_at, reverse=True)


def forget(name: str) -> None:
    """Remove the record of ``name``, if there is one."""
    _path(name).unlink(missing_ok=True)


def _all() -> Iterator[SharedFile]:
    for path in _folder().glob("*.json"):
        shared = recall(path.stem) if is_shared_name(path.stem) else None
        if shared is not None:
            yield shared


def _folder() -> Path:
    return user_folder() / "shared"


def _path(name: str) -> Path:
    return _folder() / f"{name}.json"
