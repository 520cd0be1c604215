"""Cameras by name: the table ``[cameras]`` of ``roop.toml``, and ``ip_webcam_config.txt``."""

import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from roop.cli.parsing.configuration import configuration_files
from roop.errors import UsageError
from roop.options import Options
from roop.validation import validate

ORIGINAL_FILE = "ip_webcam_config.txt"
"""The file of the original roop, in the working folder: an address, or ``NAME = ADDRESS`` lines."""

_ORIGINAL_NAME = "ip_webcam"
"""Name of an address in ``ORIGINAL_FILE`` that has none."""


class NamedCamera(Options):
    """A camera in the table ``[cameras]``, such as ``[cameras.door]``."""

    address: str = Field(min_length=1)
    """As for ``--input``, without user and password."""
    user: str | None = None
    password: SecretStr | None = None
    """Only in a file that nobody else can read."""
    password_env: str | None = None
    """The environment variable that holds the password."""
    password_file: Path | None = None
    """A file that holds the password, and that nobody else can read."""
    transport: Literal["tcp", "udp"] | None = None
    rotate: int | None = Field(None, ge=0, le=270, multiple_of=90)
    mirror: bool | None = None
    size: str | None = Field(None, pattern="^[0-9]+x[0-9]+$")
    fps: float | None = Field(None, ge=1, le=240)

    def options(self) -> dict[str, Any]:
        """Return what is set here, by the names of ``CameraOptions``."""
        found = {
            "camera_transport": self.transport,
            "rotate": self.rotate,
            "mirror": self.mirror,
            "camera_size": self.size,
            "camera_fps": self.fps,
        }
        return {name: value for name, value in found.items() if value is not None}


def with_named_camera(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the name of a camera in ``values`` by its address, and add its options.

    Args:
        values: Parsed flags, by the names of ``CameraOptions``; they win.

    Raises:
        UsageError: A file cannot be read, or a password is missing or readable by others.
    """
    wanted = str(values.get("input", "")).casefold()
    if not wanted or "://" in wanted or wanted.isdecimal():
        return dict(values)
    for name, camera, file in _named_cameras():
        if name.casefold() == wanted:
            where = _with_password(name, camera, file)
            return {**camera.options(), **values, "input": where}
    return dict(values)


def camera_names() -> tuple[str, ...]:
    """Return the names of all configured cameras.

    Raises:
        UsageError: A file cannot be read.
    """
    return tuple(dict.fromkeys(name for name, _, _ in _named_cameras()))


def _named_cameras() -> Iterator[tuple[str, NamedCamera, Path]]:
    """Yield name, camera and file, those of the working folder first."""
    for path in reversed(configuration_files()):
        for name, table in _cameras_of(path).items():
            written = f"cameras.{name} ({path})"
            if not isinstance(table, dict):
                raise UsageError(f"{written} is not a table", hint=f"write [cameras.{name}]")
            camera = validate(NamedCamera, table, spelling=partial(_spelled, written))
            yield name, camera, path
    yield from _original(Path.cwd() / ORIGINAL_FILE)


def _spelled(camera: str, key: str) -> str:
    return f"{key} in {camera}"


def _cameras_of(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("cameras", {})
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _original(path: Path) -> Iterator[tuple[str, NamedCamera, Path]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        named = re.fullmatch(r"([\w -]+?)\s*[=:]\s*(?!//)(.+)", text)
        name, address = named.groups() if named else (_ORIGINAL_NAME, text)
        if re.fullmatch(r"[\d.]+", name):  # HOST:PORT
            name, address = _ORIGINAL_NAME, text
        address = address.strip().strip("\"'")
        yield name.strip(), NamedCamera(address=_ip_webcam(address)), path


def _ip_webcam(address: str) -> str:
    """Return the stream's address for a host, as the phone app IP Webcam serves it."""
    if "://" in address:
        return address
    host, slash, path = address.partition("/")
    host = host if ":" in host else f"{host}:8080"
    return f"http://{host}/{path if slash else 'video'}"


def _with_password(name: str, camera: NamedCamera, file: Path) -> str:
    """Return the camera's address, with user and password if it has any."""
    password = _password(name, camera, file)
    if camera.user is None and password is None:
        return camera.address
    scheme, separator, rest = camera.address.partition("://")
    if not separator:
        raise UsageError(
            f"camera {name!r} has a user or a password, but its address is no URL",
            hint="write it as rtsp://... or http://...",
        )
    login = quote(camera.user or "", safe="")
    login += f":{quote(password, safe='')}" if password is not None else ""
    return f"{scheme}://{login}@{rest}"


def _password(name: str, camera: NamedCamera, file: Path) -> str | None:
    if camera.password is not None:
        _refuse_readable_by_others(file, f"it holds the password of camera {name!r}")
        return camera.password.get_secret_value()
    if camera.password_env is not None:
        found = os.environ.get(camera.password_env)
        if found is None:
            raise UsageError(
                f"the password of camera {name!r} is missing: {camera.password_env} is not set",
                hint="set that environment variable",
            )
        return found
    if camera.password_file is None:
        return None
    path = file.parent / camera.password_file.expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"the password of camera {name!r} cannot be read from {path}: {reason}"
        ) from error
    _refuse_readable_by_others(path, f"it holds the password of camera {name!r}")
    return text.strip("\r\n")


def _refuse_readable_by_others(path: Path, why: str) -> None:
    if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path} can be read by others, but {why}", hint=f"chmod 600 {path}")
