"""The cameras of this machine: list them, and find one by its name."""

import sys

import av
from av.device import enumerate_input_devices

from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.media.live import v4l2
from roop.media.live.modes import CameraDevice

_SYSTEMS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
"""FFmpeg's input format for cameras, by ``sys.platform``."""


def list_cameras() -> list[CameraDevice]:
    """Return every camera of this machine.

    Raises:
        MediaError: FFmpeg cannot list the cameras of this system.
    """
    system = camera_system()
    if system == "v4l2":
        return v4l2.cameras()
    try:
        found = enumerate_input_devices(system)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise MediaError(
            f"cameras cannot be listed: {reason(error)}",
            hint="use the number or the name of a camera, such as 0",
        ) from error
    return [
        CameraDevice(device.description or device.name, _address(device.name))
        for device in found
        if not device.media_types or "video" in device.media_types
    ]


def find_camera(part: str, cameras: list[CameraDevice]) -> CameraDevice | None:
    """Return the camera with that name, or the only one with ``part`` in its name.

    Raises:
        MediaError: Several have it.
    """
    wanted = part.casefold()
    same = [camera for camera in cameras if camera.name.casefold() == wanted]
    found = same or [camera for camera in cameras if wanted in camera.name.casefold()]
    if len(found) > 1:
        names = ", ".join(f"{camera.name} ({camera.address})" for camera in found)
        raise MediaError(
            f"{len(found)} cameras have {part!r} in their name: {names}",
            hint="use a longer part of the name, or the address in brackets",
        )
    return found[0] if found else None


def camera_system() -> str:
    """Return FFmpeg's name for the cameras of this system.

    Raises:
        MediaError: FFmpeg reads none here.
    """
    system = _SYSTEMS.get(sys.platform)
    if system is None or not any(system in names.split(",") for names in av.formats_available):
        raise MediaError(
            "FFmpeg cannot read cameras on this system",
            hint="set [[input]] to the address of a network camera, or to a file",
        )
    return system


def _address(name: str) -> str:
    return f"video={name}" if sys.platform == "win32" else name
