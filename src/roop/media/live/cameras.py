"""Cameras: devices of this machine, network cameras, and files played at their own pace."""

import errno
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.device import enumerate_input_devices

from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.video.decoder import DAMAGED_IN_A_ROW
from roop.media.video.opening import MOST_PIXELS, video_stream
from roop.media.video.reader import VideoReader
from roop.options import VideoOptions
from roop.types import Frame, Warn

CLOCK = Fraction(1, 1_000_000)
"""Seconds per tick of a live frame's time, which is counted from the start of the camera."""

OPENING_S, READING_S = 10.0, 5.0
"""How long a camera may take to answer, and to send its next packet."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
"""Time before a lost camera is tried again; it doubles with every failure."""

_POLL_S = 0.05
"""Time between two looks at whether anybody still waits."""

_SYSTEMS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
"""FFmpeg's name of what reads cameras, by ``sys.platform``."""

_PROTOCOLS = "http,https,tls,tcp,udp,rtp,rtsp,crypto"
"""What the address of a camera may lead to: never a file of this machine."""

Check = Callable[[], None]
"""Raises if the work shall end."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """Where a camera is."""

    kind: Literal["device", "address", "file"]
    address: str
    """In FFmpeg's words."""
    name: str
    """In words for the person, without a password."""


class Camera(Protocol):
    """Yields live frames. A context manager; read once."""

    name: str
    """In words for the person."""

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since one of its frames arrived."""
        ...

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield each frame as soon as it is there; its time is that of its arrival.

        Args:
            check: Called while it waits and before every frame.

        Raises:
            MediaError: The camera is gone for good.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_camera(source: str, tell: Warn, *, size: str | None = None) -> Camera:
    """Open what ``source`` names.

    Args:
        source: A number or the name of a device, an address (rtsp, http, ...), or a video file.
        tell: Hears when a network camera is lost and found again.
        size: ``WIDTHxHEIGHT`` to ask a device for, in pixels; its own choice by default.

    Raises:
        MediaError: It is not there, in use, or shows nothing.
    """
    place = camera_address(source)
    if place.kind == "file":
        return FileCamera(Path(source), tell)
    return LiveCamera(place, tell, size=size)


def camera_address(source: str) -> CameraAddress:
    """Tell what a person means by ``source``; see ``open_camera``."""
    if re.match(r"[a-z]{2,}://", source, re.IGNORECASE):
        return CameraAddress("address", source, re.sub(r"//[^/@]*@", "//", source))
    if source.isdecimal() or _is_device(source):
        return CameraAddress("device", _device_address(source), f"camera {source}")
    return CameraAddress("file", source, source)


def cameras() -> list[tuple[str, str]]:
    """Return (what to call it, its description) of every camera of this machine.

    Raises:
        MediaError: This machine's FFmpeg cannot tell.
    """
    system = _system()
    try:
        found = enumerate_input_devices(system)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise MediaError(
            f"cameras cannot be listed: {reason(error)}",
            hint="give the number or the name of one, such as 0",
        ) from error
    return [(device.name, device.description) for device in found]


class LiveCamera:
    """A device or a network camera. Implements ``Camera``."""

    def __init__(self, place: CameraAddress, tell: Warn, *, size: str | None) -> None:
        self.name = place.name
        """In words for the person."""
        self._place = place
        self._tell = tell
        self._size = size
        self._losses = 0
        self._container = self._open()
        self._began = time.monotonic()

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield frames; a network camera that is lost is waited for."""
        pause = _FIRST_PAUSE_S
        while True:
            seen = False
            try:
                for raw in self._decoded(check):
                    seen = True
                    yield self._frame(raw)
                why = "it sends nothing more"
            except (av.FFmpegError, OSError) as error:
                why = reason(error)
            if self._place.kind == "device":
                raise MediaError(f"{self.name} is gone: {why}", hint="is it still plugged in?")
            pause = _FIRST_PAUSE_S if seen else min(pause * 2, _LONGEST_PAUSE_S)
            self._find_again(pause, why, check)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since a frame of this camera arrived."""
        return _age_s(frame, self._began)

    def _find_again(self, pause: float, why: str, check: Check) -> None:
        """Wait for a lost camera, however long it takes."""
        self._container.close()
        while True:
            self._losses += 1
            self._tell(f"{self.name} is lost ({why}): attempt {self._losses} in {pause:g} s")
            _wait(time.monotonic() + pause, check)
            try:
                self._container = self._open()
            except MediaError as error:
                why, pause = _words(error), min(pause * 2, _LONGEST_PAUSE_S)
                continue
            self._tell(f"{self.name} is back (attempt {self._losses})")
            return

    def _open(self) -> InputContainer:
        options = {"max_pixels": str(MOST_PIXELS), "fflags": "nobuffer"}
        system = None
        if self._place.kind == "device":
            system = _system()
            if self._size is not None:
                options["video_size"] = self._size
        else:
            options |= {"protocol_whitelist": _PROTOCOLS, "analyzeduration": "1000000"}
            if self._place.address.lower().startswith("rtsp"):
                options["rtsp_transport"] = "tcp"
        try:
            return av.open(
                self._place.address,
                format=system,
                metadata_errors="replace",
                container_options=options,
                timeout=(OPENING_S, READING_S),
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._absent(error) from error

    def _absent(self, error: Exception) -> MediaError:
        if self._place.kind == "address":
            return MediaError(
                f"{self.name} cannot be read as a camera: {reason(error)}",
                hint="check the address, the user and the password; does a player show it?",
            )
        number = getattr(error, "errno", None)
        if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            return MediaError(
                f"there is no {self.name}", hint="`roop live --list-cameras` says which there are"
            )
        if number == errno.EBUSY:
            return MediaError(
                f"{self.name} is in use", hint="close the other program that shows it"
            )
        if number in (errno.EACCES, errno.EPERM):
            return MediaError(
                f"{self.name} may not be used",
                hint="allow it in the system's settings; on Linux join the group video",
            )
        return MediaError(
            f"{self.name} cannot be opened: {reason(error)}",
            hint="try it without [[camera_size]]; `roop live --list-cameras` says what there is",
        )

    def _decoded(self, check: Check) -> Iterator[av.VideoFrame]:
        stream = video_stream(self._container, Path(self.name))
        # Threads that take a frame each would hold that many back.
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
        return PlanarFrame(raw, pts=_ticks(self._began), time_base=CLOCK)


class FileCamera:
    """A video that is played as if it were a camera. Implements ``Camera``."""

    def __init__(self, path: Path, tell: Warn) -> None:
        self.name = str(path)
        """In words for the person."""
        self._reader = VideoReader(path, VideoOptions(), tell)
        self._began = time.monotonic()

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield each frame when it is due, and end with the file."""
        begins, began = float(self._reader.begins), time.monotonic()
        self._began = began
        for frame in self._reader:
            _wait(began + float(frame.pts * frame.time_base) - begins, check)
            yield frame.moved(_ticks(began), CLOCK, repeats=1)

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since a frame was due."""
        return _age_s(frame, self._began)

    def __enter__(self) -> Self:
        self._reader.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.__exit__(kind, error, trace)


def _age_s(frame: Frame, began: float) -> float:
    return time.monotonic() - began - float(frame.pts * frame.time_base)


def _ticks(began: float) -> int:
    return round((time.monotonic() - began) / CLOCK)


def _wait(until: float, check: Check) -> None:
    """Wait until a time of ``time.monotonic``; ``check`` may end it by raising."""
    while True:
        check()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _POLL_S))


def _words(error: MediaError) -> str:
    return str(error).rpartition(": ")[2]


def _system() -> str:
    system = _SYSTEMS.get(sys.platform)
    if system is None or not any(system in names.split(",") for names in av.formats_available):
        raise MediaError(
            "the cameras of this machine cannot be read",
            hint="[[input]] takes the address of a network camera, or a file",
        )
    return system


def _is_device(source: str) -> bool:
    return source.startswith("/dev/") or (sys.platform == "win32" and source.startswith("video="))


def _device_address(source: str) -> str:
    """Return FFmpeg's name of a device; Windows has names only."""
    if not source.isdecimal() or sys.platform == "darwin":
        return source
    if sys.platform == "win32":
        found = [name for name, _ in cameras()]
        place = int(source)
        return f"video={found[place]}" if place < len(found) else f"video={source}"
    return f"/dev/video{int(source)}"
