"""The targets of sharing: their addresses, and the names of shared files."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from roop.errors import UsageError

Scheme = Literal["s3", "supabase", "gs", "az", "file"]

_FORMS = (
    "s3://BUCKET, supabase://PROJECT/BUCKET, gs://BUCKET, az://ACCOUNT/CONTAINER or file:///FOLDER"
)

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A project, account or bucket. Nothing that could change the address it becomes part of."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_TOKEN_LENGTH = 16
"""About 79 bits: nobody guesses the address of a file in a public bucket."""

_STEM_LENGTH = 60

_OURS = re.compile(rf"[A-Za-z0-9._-]+-roop-[{_ALPHABET}]{{{_TOKEN_LENGTH}}}(\.[a-z0-9]+)?")


@dataclass(frozen=True, slots=True)
class Target:
    """A store, or a folder, to share to."""

    scheme: Scheme
    account: str
    """Supabase's project or Azure's account; empty elsewhere."""
    bucket: str
    """Empty for a folder."""
    prefix: str
    """Without slashes at its ends; of a folder its whole path."""

    def __str__(self) -> str:
        if self.scheme == "file":
            return self.folder.as_uri()
        parts = (self.account, self.bucket, self.prefix)
        return f"{self.scheme}://{'/'.join(part for part in parts if part)}"

    @property
    def folder(self) -> Path:
        """The folder of a target ``file://``."""
        return Path(self.prefix)

    def key(self, name: str) -> str:
        """Return the key, in the bucket, of the file shared under ``name``."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_target(address: str) -> Target:
    """Return the target that ``address`` names.

    Raises:
        UsageError: It is invalid.
    """
    scheme, separator, _ = address.partition("://")
    if scheme == "file" and separator:
        return _folder(address)
    parts = address.removeprefix(f"{scheme}://").rstrip("/").split("/")
    has_account = scheme in ("supabase", "az")
    known = separator and scheme in ("s3", "supabase", "gs", "az")
    if not known or len(parts) < 1 + has_account or not all(map(_PART.fullmatch, parts)):
        raise UsageError(f"cannot share to {address!r}", hint=f"name {_FORMS}")
    account = parts.pop(0) if has_account else ""
    bucket, *prefix = parts
    return Target(scheme, account, bucket, "/".join(prefix))  # type: ignore[arg-type] # checked


def _folder(address: str) -> Target:
    parts = urlsplit(address)
    path = Path(url2pathname(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_absolute():
        raise UsageError(
            f"{address!r} names no folder of this machine",
            hint="write the whole path after three slashes: file:///FOLDER",
        )
    return Target("file", "", "", str(path))


def new_name(path: Path) -> str:
    """Return a name that nothing has yet and nobody guesses, in letters that every store takes.

    Args:
        path: The file that is shared; its own name is part of the new one.
    """
    ascii_only = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_only).strip("-._")[:_STEM_LENGTH] or "output"
    token = "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH))
    return f"{stem}-roop-{token}{path.suffix.lower()}"


def is_shared_name(name: str) -> bool:
    """Return True if ``new_name`` made ``name``: nothing else is ever listed or deleted."""
    return _OURS.fullmatch(name) is not None
