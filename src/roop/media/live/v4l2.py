"""What a Video4Linux device says about itself: its name, whether it is a camera, its modes.

Source: the kernel's ``linux/videodev2.h``.
"""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from roop.media.live.modes import CameraDevice, CameraMode

Ioctl = Callable[[int, bytearray], None]
"""Sends a request with its structure, which the device fills in. Raises ``OSError``."""

_QUERYCAP, _ENUM_FMT = 0x80685600, 0xC0405602
_ENUM_FRAMESIZES, _ENUM_FRAMEINTERVALS = 0xC02C564A, 0xC034564B
"""Request numbers, which include the sizes of the structures."""

_CAPTURE, _OUTPUT, _HAS_DEVICE_CAPS = 0x1, 0x2, 0x80000000
"""Bits of a device's capabilities."""

_VIDEO_CAPTURE = 1
"""The type of buffer that cameras have."""

_DISCRETE = 1
"""The type of an entry that is one value, not a range."""

_MOST_ENTRIES = 100
"""Entries of one list to ask for at most."""

_FORMATS = {
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "MJPG": "mjpeg",
    "JPEG": "mjpeg",
    "NV12": "nv12",
    "YU12": "yuv420p",
    "H264": "h264",
    "RGB3": "rgb24",
    "BGR3": "bgr24",
    "GREY": "gray",
}
"""FFmpeg's names of V4L2's formats."""

_COMMON_SIZES = ((640, 480), (1280, 720), (1920, 1080))
"""Sizes to list for a camera that does any size in a range."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a device is."""

    name: str
    captures: bool
    """True for a camera."""
    outputs: bool
    """True for a virtual camera that can be written to."""


def cameras() -> list[CameraDevice]:
    """Return every camera of this machine, by its number."""
    devices = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
    found = (read_camera(path) for path in devices)
    return [camera for camera in found if camera is not None]


def read_camera(path: Path) -> CameraDevice | None:
    """Return the camera at ``path``, None if there is none or it may not be used."""
    try:
        with _Opened(path) as ioctl:
            return describe(str(path), ioctl)
    except OSError:
        return None


def read_capabilities(path: Path) -> Capabilities:
    """Return what the device at ``path`` is.

    Raises:
        OSError: It does not exist, may not be used, or is no video device.
    """
    with _Opened(path) as ioctl:
        return capabilities(ioctl)


def describe(address: str, ioctl: Ioctl) -> CameraDevice | None:
    """Return the camera behind ``ioctl``, None if it is another kind of device.

    Args:
        address: The device's path.
        ioctl: Sends requests to it.

    Raises:
        OSError: It is no video device.
    """
    device = capabilities(ioctl)
    if not device.captures:
        return None
    modes = tuple(mode for code in _formats(ioctl) for mode in _modes(ioctl, code))
    return CameraDevice(device.name, address, modes)


def capabilities(ioctl: Ioctl) -> Capabilities:
    """Return what the device behind ``ioctl`` is.

    Raises:
        OSError: It is no video device.
    """
    answer = bytearray(104)
    ioctl(_QUERYCAP, answer)
    of_driver, of_device = struct.unpack_from("=II", answer, 84)
    flags = of_device if of_driver & _HAS_DEVICE_CAPS else of_driver
    name = bytes(answer[16:48]).partition(b"\0")[0].decode("utf-8", "replace")
    return Capabilities(name, bool(flags & _CAPTURE), bool(flags & _OUTPUT))


class _Opened:
    """A device while it is open; entering returns its ``Ioctl``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Ioctl:
        if sys.platform == "win32":
            raise OSError("no Video4Linux on Windows")
        import fcntl

        self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

        def ioctl(request: int, structure: bytearray) -> None:
            fcntl.ioctl(self._descriptor, request, structure, True)

        return ioctl

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)


def _entries(ask: Callable[[int], bytearray]) -> Iterator[bytearray]:
    """Yield the entries of a list, which ends with an error."""
    for index in range(_MOST_ENTRIES):
        try:
            yield ask(index)
        except OSError:
            return


def _formats(ioctl: Ioctl) -> Iterator[int]:
    """Yield the codes of the formats that have a name."""

    def ask(index: int) -> bytearray:
        entry = bytearray(struct.pack("=II", index, _VIDEO_CAPTURE).ljust(64, b"\0"))
        ioctl(_ENUM_FMT, entry)
        return entry

    codes = (struct.unpack_from("=I", entry, 44)[0] for entry in _entries(ask))
    return (code for code in codes if _name(code) in _FORMATS)


def _modes(ioctl: Ioctl, code: int) -> Iterator[CameraMode]:
    def ask(index: int) -> bytearray:
        entry = bytearray(struct.pack("=II", index, code).ljust(44, b"\0"))
        ioctl(_ENUM_FRAMESIZES, entry)
        return entry

    for entry in _entries(ask):
        kind, *numbers = struct.unpack_from("=7I", entry, 8)
        for size in [(numbers[0], numbers[1])] if kind == _DISCRETE else _in_range(numbers):
            yield CameraMode(size, _FORMATS[_name(code)], _rates(ioctl, code, size))
        if kind != _DISCRETE:  # a range is the only entry
            return


def _in_range(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the common sizes in a range of widths (least, most, step) and heights."""
    for width, height in _COMMON_SIZES:
        if numbers[0] <= width <= numbers[1] and numbers[3] <= height <= numbers[4]:
            yield width, height


def _rates(ioctl: Ioctl, code: int, size: tuple[int, int]) -> tuple[float, ...]:
    """Return the frames per second of a mode, the highest first."""
    ask = partial(_interval, ioctl, code, size)
    rates: set[float] = set()
    for entry in _entries(ask):
        kind, numerator, denominator = struct.unpack_from("=3I", entry, 16)
        if numerator:
            rates.add(round(denominator / numerator, 3))
        if kind != _DISCRETE:  # the shortest interval of a range: lower rates work, too
            return tuple(fps for fps in (60.0, 30.0, 25.0, 15.0) if fps <= max(rates, default=0))
    return tuple(sorted(rates, reverse=True))


def _interval(ioctl: Ioctl, code: int, size: tuple[int, int], index: int) -> bytearray:
    entry = bytearray(struct.pack("=4I", index, code, *size).ljust(52, b"\0"))
    ioctl(_ENUM_FRAMEINTERVALS, entry)
    return entry


def _name(code: int) -> str:
    return code.to_bytes(4, "little").decode("latin-1")
