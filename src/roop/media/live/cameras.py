"""Cameras: devices of this machine, network cameras, and files played in real time."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec.context import Flags
from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import MediaError
from roop.live_options import CameraOptions
from roop.media.files.disk import reason
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.addresses import CameraAddress, camera_address, found_again
from roop.media.live.connection import connect
from roop.media.live.pacing import Pacer, comes_in_pieces
from roop.media.video.decoder import DAMAGED_IN_A_ROW
from roop.media.video.opening import video_stream
from roop.media.video.reader import VideoReader
from roop.options import VideoOptions
from roop.types import Frame, Warn

CLOCK = Fraction(1, 1_000_000)
"""Seconds per tick of a live frame's time, which counts from the start of the camera."""

_REOPEN_TIMEOUT_S = 5.0
"""Time that a lost camera may take to answer: a new attempt is better than a long wait."""

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 2.0
"""Delay before reconnecting to a lost camera; it doubles with every failure."""

_POLL_S = 0.05
"""Time between two calls of ``check`` while waiting."""

Check = Callable[[], None]
"""Raises if the job is to stop."""


class Camera(AbstractContextManager["Camera", None], Protocol):
    """Yields live frames. Can be iterated over once."""

    name: str
    """Name for messages."""

    @property
    def codec(self) -> str:
        """FFmpeg's name of the format in which the frames arrive."""
        ...

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


def open_camera(source: str, warn: Warn, wanted: CameraOptions | None = None) -> Camera:
    """Open a camera.

    Args:
        source: A number, a device or part of its name, an address (rtsp, http, ...), or a video
            file.
        warn: Called when a camera is lost and when it is back.
        wanted: What to ask a device for.

    Raises:
        MediaError: The camera does not exist, is in use or sends nothing.
    """
    address = camera_address(source)
    if address.kind == "file":
        return FileCamera(Path(source), warn)
    return LiveCamera(address, warn, wanted or CameraOptions())


class LiveCamera(Closing):
    """A device or a network camera. Implements ``Camera``."""

    def __init__(self, address: CameraAddress, warn: Warn, wanted: CameraOptions) -> None:
        self.name = address.name
        """Name for messages."""
        self._address = address
        self._warn = warn
        self._wanted = wanted
        self._attempts = 0
        self._container = connect(address, wanted)
        self._start = time.monotonic()

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield frames; when the camera is lost, look for it until it is back."""
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
            delay = _FIRST_DELAY_S if received else min(delay * 2, _LONGEST_DELAY_S)
            self._reconnect(delay, cause, check)

    @property
    def codec(self) -> str:
        """FFmpeg's name of the format in which the frames arrive."""
        return video_stream(self._container, Path(self.name)).codec_context.name

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
                self._address = found_again(self._address)
                self._container = connect(self._address, self._wanted, timeout_s=_REOPEN_TIMEOUT_S)
            except MediaError as error:
                cause, delay = _cause(error), min(delay * 2, _LONGEST_DELAY_S)
                continue
            self._warn(f"{self.name} is back (attempt {self._attempts})")
            return

    def _decoded(self, check: Check) -> Iterator[av.VideoFrame]:
        stream = video_stream(self._container, Path(self.name))
        # Threads that decode a frame each would delay frames by their number.
        stream.thread_type, in_a_row = "SLICE", 0
        stream.codec_context.flags |= Flags.low_delay
        pacer = Pacer() if comes_in_pieces(self._container) else None
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
            for frame in frames:
                if pacer is not None and frame.time is not None:
                    _wait(pacer.due(frame.time, time.monotonic()), check)
                yield frame

    def _frame(self, raw: av.VideoFrame) -> PlanarFrame:
        return PlanarFrame(raw, pts=_ticks(self._start), time_base=CLOCK)


class FileCamera(Closing):
    """A video played in real time. Implements ``Camera``."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self.name = str(path)
        """Name for messages."""
        self._reader = VideoReader(path, VideoOptions(), warn)
        self._start = time.monotonic()

    @property
    def codec(self) -> str:
        """FFmpeg's name of the format in which the frames arrive."""
        return self._reader.info.codec

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
