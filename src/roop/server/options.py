"""The options of the server."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from roop.options import Options

GB = 1_000_000_000


class ServerOptions(Options):
    """Where the server listens, who may use it, and how much."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen at; 0.0.0.0 for every one, which needs a token",
    )
    port: int = Field(8000, ge=0, le=65535, description="0 takes any that is free")
    token: SecretStr | None = Field(
        None,
        description="who knows it may use the server; made up and printed once where others than "
        "this machine can reach it",
    )
    allow_host: tuple[str, ...] = Field(
        (), description="names under which browsers may reach the server, besides its own"
    )
    tls: bool = Field(
        False, description="serve https with a certificate made here, which browsers warn of once"
    )
    open: bool = Field(False, description="open the page in the browser")
    cameras: tuple[Annotated[str, Field(pattern="^[^=]+(=.+)?$")], ...] = Field(
        (),
        description="cameras that clients may use: names of [cameras] in roop.toml, or NAME=CAMERA "
        "with a number, a device or an address; clients see the names only",
    )
    data: Path | None = Field(
        None, description="folder for uploads and results; in the user's data folder by default"
    )
    jobs: int = Field(1, ge=1, le=64, description="jobs that run at the same time")
    max_queue: int = Field(1000, ge=1, description="jobs that may be unfinished")
    max_upload: float = Field(8, gt=0, description="gigabytes of one upload")
    max_storage: float = Field(50, gt=0, description="gigabytes of all uploads together")
    min_free: float = Field(1, ge=0, description="gigabytes of the disk that stay free")
    max_pixels: float = Field(40, gt=0, description="megapixels of a photo or of a video's frame")
    retention: float = Field(
        24, gt=0, description="hours after which uploads that nobody used and results are deleted"
    )

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch("[A-Za-z0-9_-]{16,}", token.get_secret_value()):
            raise ValueError("needs at least 16 letters, digits, - or _")
        return token

    @property
    def is_local(self) -> bool:
        """True if only this machine can reach the server."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    @property
    def upload_bytes(self) -> int:
        """Bytes of one upload."""
        return int(self.max_upload * GB)

    @property
    def storage_bytes(self) -> int:
        """Bytes of all uploads together."""
        return int(self.max_storage * GB)

    @property
    def free_bytes(self) -> int:
        """Bytes of the disk that stay free."""
        return int(self.min_free * GB)

    @property
    def pixels(self) -> int:
        """Pixels of one frame."""
        return int(self.max_pixels * 1e6)

    @property
    def retention_s(self) -> float:
        """Seconds after which things are deleted."""
        return self.retention * 3600
