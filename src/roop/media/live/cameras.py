"""Cameras: devices of this machine, network cameras, and files played in real time."""

import errno
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.device import enumerate_input_devices
from typing_extensions import override

from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.media.files.transaction import Closing
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.video.decoder import DAMAGED_IN_A_ROW
from roop.media.video.opening import MOST_PIXELS, video_stream
from roop.media.video.reader import VideoReader
from roop.options import VideoOptions
from roop.types import Frame, Warn

CLOCK = Fraction(1, 1_000_000)
"""Seconds per tick of a live frame's time, which counts from the start of the camera."""

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 5.0
"""Time a camera may take to answer, and to send its next packet."""

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 8.0
"""Delay before reconnecting to a lost camera; it doubles with every failure."""

_POLL_S = 0.05
"""Time between two calls of ``check`` while waiting."""

_SYSTEMS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
"""FFmpeg's input format for cameras, by ``sys.platform``."""

_PROTOCOLS = "http,https,tls,tcp,udp,rtp,rtsp,crypto"
"""Protocols that the address of a camera may lead to; files are not among them."""

Check = Callable[[], None]
"""Raises if the job is to stop."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """The address of a camera."""

    kind: Literal["device", "address", "file"]
    address: str
    """As FFmpeg takes it."""
    name: str
    """Name for messages, without a password."""


class Camera(AbstractContextManager["Camera", None], Protocol):
    """Yields live frames. Can be iterated over once."""

    name: str
    """Name for messages."""

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since ``frame`` arrived."""
        ...

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield each frame as soon as it arrives; its time is that of its arrival.

        Args:
            check: Called while waiting and before every frame.

        Raises:
            MediaError: The camera is lost and cannot be reconnected.
        """
        ...


def open_camera(source: str, warn: Warn, *, size: str | None = None) -> Camera:
    """Open a camera.

    Args:
        source: A number or the name of a device, an address (rtsp, http, ...), or a video file.
        warn: Called when a network camera is lost and when it is back.
        size: ``WIDTHxHEIGHT`` to request from a device, pixels; by default it chooses.

    Raises:
        MediaError: The camera does not exist, is in use or sends nothing.
    """
    address = camera_address(source)
    if address.kind == "file":
        return FileCamera(Path(source), warn)
    return LiveCamera(address, warn, size=size)


def camera_address(source: str) -> CameraAddress:
    """Return the kind and address of ``source``; see ``open_camera``."""
    if re.match(r"[a-z]{2,}://", source, re.IGNORECASE):
        return CameraAddress("address", source, re.sub(r"//[^/@]*@", "//", source))
    if source.isdecimal() or _is_device(source):
        return CameraAddress("device", _device_address(source), f"camera {source}")
    return CameraAddress("file", source, source)


def list_cameras() -> list[tuple[str, str]]:
    """Return (name, description) of every camera of this machine.

    Raises:
        MediaError: FFmpeg cannot list the cameras of this system.
    """
    system = _system()
    try:
        found = enumerate_input_devices(system)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise MediaError(
            f"cameras cannot be listed: {reason(error)}",
            hint="use the number or the name of a camera, such as 0",
        ) from error
    return [(device.name, device.description) for device in found]


class LiveCamera(Closing):
    """A device or a network camera. Implements ``Camera``."""

    def __init__(self, address: CameraAddress, warn: Warn, *, size: str | None) -> None:
        self.name = address.name
        """Name for messages."""
        self._address = address
        self._warn = warn
        self._size = size
        self._attempts = 0
        self._container = self._open()
        self._start = time.monotonic()

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield frames; reconnect to a network camera that is lost."""
        delay = _FIRST_DELAY_S
        while True:
            received = False
            try:
                for raw in self._decoded(check):
                    received = True
                    yield self._frame(raw)
                cause = "the stream ended"
            except (av.FFmpegError, OSError) as error:
                cause = reason(error)
            if self._address.kind == "device":
                raise MediaError(f"{self.name} is gone: {cause}", hint="is it still plugged in?")
            delay = _FIRST_DELAY_S if received else min(delay * 2, _LONGEST_DELAY_S)
            self._reconnect(delay, cause, check)

    @override
    def close(self) -> None:
        """Release the camera."""
        self._container.close()

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since a frame of this camera arrived."""
        return _age_s(frame, self._start)

    def _reconnect(self, delay: float, cause: str, check: Check) -> None:
        """Try to open a lost camera until it works."""
        self._container.close()
        while True:
            self._attempts += 1
            self._warn(f"{self.name} is lost ({cause}): attempt {self._attempts} in {delay:g} s")
            _wait(time.monotonic() + delay, check)
            try:
                self._container = self._open()
            except MediaError as error:
                cause, delay = _cause(error), min(delay * 2, _LONGEST_DELAY_S)
                continue
            self._warn(f"{self.name} is back (attempt {self._attempts})")
            return

    def _open(self) -> InputContainer:
        options = {"max_pixels": str(MOST_PIXELS), "fflags": "nobuffer"}
        system = None
        if self._address.kind == "device":
            system = _system()
            if self._size is not None:
                options["video_size"] = self._size
        else:
            options |= {"protocol_whitelist": _PROTOCOLS, "analyzeduration": "1000000"}
            if self._address.address.lower().startswith("rtsp"):
                options["rtsp_transport"] = "tcp"
        try:
            return av.open(
                self._address.address,
                format=system,
                metadata_errors="replace",
                container_options=options,
                timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._open_error(error) from error

    def _open_error(self, error: Exception) -> MediaError:
        if self._address.kind == "address":
            return MediaError(
                f"{self.name} cannot be read as a camera: {reason(error)}",
                hint="check address, user and password, or try it in a player",
            )
        number = getattr(error, "errno", None)
        if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            return MediaError(
                f"there is no {self.name}", hint="list the cameras with `roop live --list-cameras`"
            )
        if number == errno.EBUSY:
            return MediaError(f"{self.name} is in use", hint="close the program that uses it")
        if number in (errno.EACCES, errno.EPERM):
            return MediaError(
                f"no permission to use {self.name}",
                hint="allow it in the system settings; on Linux, join the group video",
            )
        return MediaError(
            f"{self.name} cannot be opened: {reason(error)}",
            hint="try without [[camera_size]], or list cameras with `roop live --list-cameras`",
        )

    def _decoded(self, check: Check) -> Iterator[av.VideoFrame]:
        stream = video_stream(self._container, Path(self.name))
        # Threads that decode a frame each would delay frames by their number.
        stream.thread_type, in_a_row = "SLICE", 0
        stream.codec_context.flags |= Flags.low_delay
        for packet in self._container.demux(stream):
            check()
            try:
                frames = stream.decode(packet) if packet.size else []
            except av.FFmpegError:
                in_a_row += 1
                if in_a_row >= DAMAGED_IN_A_ROW:
                    raise
                continue
            in_a_row = 0
            yield from frames

    def _frame(self, raw: av.VideoFrame) -> PlanarFrame:
        return PlanarFrame(raw, pts=_ticks(self._start), time_base=CLOCK)


class FileCamera(Closing):
    """A video played in real time. Implements ``Camera``."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self.name = str(path)
        """Name for messages."""
        self._reader = VideoReader(path, VideoOptions(), warn)
        self._start = time.monotonic()

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield each frame when it is due, and end with the file."""
        first, start = float(self._reader.first_frame_s), time.monotonic()
        self._start = start
        for frame in self._reader:
            _wait(start + float(frame.pts * frame.time_base) - first, check)
            yield frame.at_time(_ticks(start), CLOCK, repeats=1)

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since a frame was due."""
        return _age_s(frame, self._start)

    @override
    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def _age_s(frame: Frame, start: float) -> float:
    return time.monotonic() - start - float(frame.pts * frame.time_base)


def _ticks(start: float) -> int:
    return round((time.monotonic() - start) / CLOCK)


def _wait(until: float, check: Check) -> None:
    """Wait until a time of ``time.monotonic``, unless ``check`` raises."""
    while True:
        check()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _POLL_S))


def _cause(error: MediaError) -> str:
    return str(error).rpartition(": ")[2]


def _system() -> str:
    system = _SYSTEMS.get(sys.platform)
    if system is None or not any(system in names.split(",") for names in av.formats_available):
        raise MediaError(
            "FFmpeg cannot read cameras on this system",
            hint="set [[input]] to the address of a network camera, or to a file",
        )
    return system


def _is_device(source: str) -> bool:
    return source.startswith("/dev/") or (sys.platform == "win32" and source.startswith("video="))


def _device_address(source: str) -> str:
    """Return FFmpeg's name of a device; Windows only has names."""
    if not source.isdecimal() or sys.platform == "darwin":
        return source
    if sys.platform == "win32":
        found = [name for name, _ in list_cameras()]
        index = int(source)
        return f"video={found[index]}" if index < len(found) else f"video={source}"
    return f"/dev/video{int(source)}"
