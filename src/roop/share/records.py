"""The record of what this person shared: one small file each, which never needs a lock."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from roop.home import user_folder
from roop.replacement import replacing
from roop.share.targets import is_shared_name


@dataclass(frozen=True, slots=True)
class SharedFile:
    """Something that was shared."""

    name: str
    target: str
    size: int
    """In bytes."""
    shared_at: datetime
    address: str | None
    """None if it was shared from another machine."""
    expires_at: datetime | None
    """The end of the address; None for one without an end, or if it is not known."""
    file: Path | None
    """What was uploaded."""


def remember(shared: SharedFile) -> None:
    """Write a record. Nobody else may read it: whoever has the address may fetch the file.

    Raises:
        OSError: It cannot be written.
    """
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(_path(shared.name), mode=0o600) as part:
        part.write_text(json.dumps(asdict(shared), default=_plain), encoding="utf-8")


def recall(name: str) -> SharedFile | None:
    """Return the record of ``name``, None if there is none."""
    try:
        return _parsed(json.loads(_path(name).read_text(encoding="utf-8")))
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


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _parsed(fields: dict[str, Any]) -> SharedFile:
    expires, file = fields["expires_at"], fields["file"]
    return SharedFile(
        name=str(fields["name"]),
        target=str(fields["target"]),
        size=int(fields["size"]),
        shared_at=datetime.fromisoformat(fields["shared_at"]),
        address=fields["address"],
        expires_at=datetime.fromisoformat(expires) if expires else None,
        file=Path(file) if file else None,
    )
