"""A Video4Linux device that answers requests as the kernel does, by C structures."""

import ctypes
import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

U32 = ctypes.c_uint32

QUERYCAP, ENUM_FMT, FRAMESIZES, FRAMEINTERVALS = 0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B


class Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", U32),
        ("capabilities", U32),
        ("device_caps", U32),
        ("reserved", U32 * 3),
    )


class FormatDescription(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("type", U32),
        ("flags", U32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", U32),
        ("mbus_code", U32),
        ("reserved", U32 * 3),
    )


class FrameSize(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("pixel_format", U32),
        ("type", U32),
        ("numbers", U32 * 6),
        ("reserved", U32 * 2),
    )


class FrameInterval(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("pixel_format", U32),
        ("width", U32),
        ("height", U32),
        ("type", U32),
        ("numbers", U32 * 6),
        ("reserved", U32 * 2),
    )


@dataclass(frozen=True)
class Device:
    """Call it with a request and its structure."""

    name: str = "Integrated Camera"
    capabilities: int = 0x1
    formats: Sequence[str] = ("YUYV", "MJPG")
    sizes: Sequence[tuple[int, int]] = ((640, 480), (1280, 720))
    rates: dict[tuple[str, int], Sequence[int]] = field(default_factory=dict)
    """Frames per second by format and width."""

    def __call__(self, request: int, structure: bytearray) -> None:
        if request == QUERYCAP:
            answer = Capability.from_buffer(structure)
            answer.card = self.name.encode()
            answer.capabilities, answer.device_caps = 0x80000000 | 0x3, self.capabilities
        elif request == ENUM_FMT:
            description = FormatDescription.from_buffer(structure)
            wanted = self._entry(self.formats, description.index)
            description.pixelformat = int.from_bytes(wanted.encode(), "little")
        elif request == FRAMESIZES:
            size = FrameSize.from_buffer(structure)
            width, height = self._entry(self.sizes, size.index)
            size.type, size.numbers[0], size.numbers[1] = 1, width, height
        elif request == FRAMEINTERVALS:
            interval = FrameInterval.from_buffer(structure)
            code = interval.pixel_format.to_bytes(4, "little").decode()
            rates = self.rates.get((code, interval.width), ())
            rate = self._entry(rates, interval.index)
            interval.type, interval.numbers[0], interval.numbers[1] = 1, 1, rate
        else:
            raise OSError(errno.ENOTTY, "inappropriate request")

    @staticmethod
    def _entry(entries: Sequence[T], index: int) -> T:
        if index >= len(entries):
            raise OSError(errno.EINVAL, "no such entry")
        return entries[index]
