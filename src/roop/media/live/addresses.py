"""Turn what people call a camera into an address that FFmpeg can open."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from roop.errors import MediaError
from roop.media.live.devices import camera_system, find_camera, list_cameras
from roop.media.live.modes import CameraDevice


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """The address of a camera."""

    kind: Literal["device", "address", "file"]
    address: str
    """As FFmpeg takes it."""
    name: str
    """Name for messages, without a password."""
    device: CameraDevice | None = None
    """What is known about a device."""


def camera_address(source: str) -> CameraAddress:
    """Return the kind and address of a camera.

    Args:
        source: A number, a device or part of its name, a URL, or a video file.

    Raises:
        MediaError: Several cameras have that name, or FFmpeg reads no cameras on this system.
    """
    if re.match(r"[a-z]{2,}://", source, re.IGNORECASE):
        return CameraAddress("address", source, without_secrets(source))
    if source.isdecimal() or _is_device(source):
        camera_system()
        return _device(source)
    if Path(source).is_file() or Path(source).suffix or "/" in source:
        return CameraAddress("file", source, source)
    cameras = list_cameras()
    found = find_camera(source, cameras)
    if found is None:
        names = ", ".join(camera.name for camera in cameras) or "none"
        raise MediaError(
            f"no camera has {source!r} in its name; cameras of this machine: {names}",
            hint="set [[input]] to a number, an address or a file",
        )
    return CameraAddress("device", found.address, f"camera {found.name}", found)


def without_secrets(url: str) -> str:
    """Return ``url`` without user, password and query, which may hold a password, too."""
    return re.sub(r"[?#].*", "", re.sub(r"//.*@", "//", url))


def found_again(address: CameraAddress) -> CameraAddress:
    """Return where a device that was unplugged is now: its path may have changed."""
    if address.device is None:
        return address
    name = address.device.name
    same = [camera for camera in list_cameras() if camera.name == name]
    if not same or any(camera.address == address.address for camera in same):
        return address
    return CameraAddress("device", same[0].address, address.name, same[0])


def _is_device(source: str) -> bool:
    return source.startswith("/dev/") or (sys.platform == "win32" and source.startswith("video="))


def _device(source: str) -> CameraAddress:
    """Return the address of a device given as a number or path; Windows only has names."""
    name = f"camera {source}"
    if sys.platform.startswith("linux"):
        path = f"/dev/video{int(source)}" if source.isdecimal() else source
        from roop.media.live.v4l2 import read_camera

        return CameraAddress("device", path, name, read_camera(Path(path)))
    if not source.isdecimal() or sys.platform == "darwin":
        return CameraAddress("device", source, name)
    cameras, index = list_cameras(), int(source)
    if index >= len(cameras):
        return CameraAddress("device", f"video={source}", name)
    return CameraAddress("device", cameras[index].address, name, cameras[index])
