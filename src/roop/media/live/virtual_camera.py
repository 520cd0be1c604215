"""Virtual cameras: other programs see live frames as those of a webcam."""

import errno
import sys
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.media.live import v4l2
from roop.types import Box, Frame, Pixels

ANY = "auto"
"""Instead of a device: the first virtual camera of this machine."""

_MODPROBE = 'sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label="roop"'
"""Makes a virtual camera on Linux, once the package ``v4l2loopback-dkms`` is installed."""


class VirtualDevice(Protocol):
    """Takes images of one size. Raises ``OSError``, ``RuntimeError`` or ``av.FFmpegError``."""

    def send(self, rgb: Pixels) -> None:
        """Show an image, ``(H, W, 3)``."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


OpenDevice = Callable[[tuple[int, int], float], VirtualDevice]
"""Opens a device for images of a size (width, height) and a rate (frames per second)."""


class VirtualCamera(Closing):
    """Shows frames to other programs at a constant rate. Implements ``FrameSink``.

    The first frame sets the size; a later one of another size is fitted into it. Between frames the
    last one is repeated, label included.
    """

    name = "virtual-camera"
    waiting = 1

    def __init__(self, open_device: OpenDevice, fps: float) -> None:
        """Prepare; the device opens with the first frame.

        Args:
            open_device: As ``find_virtual_camera`` returns it.
            fps: Frames per second.
        """
        self.period_s: float | None = 1 / fps
        self._fps = fps
        self._open = open_device
        self._device: VirtualDevice | None = None
        self._size = (0, 0)
        self._last: Pixels | None = None

    def show(self, frame: Frame | None) -> None:
        """Send a frame, or the last one again; nothing before the first.

        Raises:
            MediaError: The device takes no frames any longer.
        """
        try:
            if frame is not None:
                if self._device is None:
                    width, height = frame.size
                    self._size = width - width % 2, height - height % 2
                    self._device = self._open(self._size, self._fps)
                self._last = _fitted(frame.crop(Box(0, 0, *frame.size)), self._size)
            if self._device is not None and self._last is not None:
                self._device.send(self._last)
        except (av.FFmpegError, OSError, RuntimeError, ValueError) as error:
            raise MediaError(
                f"the virtual camera cannot be written to: {_cause(error)}",
                hint="is it in use by another program?",
            ) from error

    @override
    def close(self) -> None:
        """Release the device."""
        if self._device is not None:
            with suppress(av.FFmpegError, OSError, RuntimeError):
                self._device.close()


def virtual_devices() -> list[tuple[Path, str]]:
    """Return path and name of every Video4Linux device that can be written to."""
    found = []
    for path in sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name)):
        with suppress(OSError):
            device = v4l2.read_capabilities(path)
            if device.outputs:
                found.append((path, device.name))
    return found


class _LoopbackDevice:
    """A device of v4l2loopback, written to by FFmpeg."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self._rate = Fraction(fps).limit_denominator(1001)
        self._container = av.open(str(path), "w", format="v4l2")
        stream = self._container.add_stream("rawvideo", rate=self._rate)
        if not isinstance(stream, VideoStream):
            raise ValueError("rawvideo is not a video encoder")
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        self._stream = stream
        self._reformatter = VideoReformatter()
        self._sent = 0

    def send(self, rgb: Pixels) -> None:
        raw = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(rgb, format="rgb24"), format="yuv420p"
        )
        raw.pts, raw.time_base = self._sent, 1 / self._rate
        self._sent += 1
        for packet in self._stream.encode(raw):
            self._container.mux_one(packet)

    def close(self) -> None:
        self._container.close()


class _InstalledDevice:
    """A virtual camera of OBS or Unity Capture, written to by pyvirtualcam."""

    def __init__(self, device: str | None, size: tuple[int, int], fps: float) -> None:
        import pyvirtualcam  # under the GPL, so people install it themselves

        self._camera: Any = pyvirtualcam.Camera(size[0], size[1], fps, device=device)

    def send(self, rgb: Pixels) -> None:
        self._camera.send(rgb)

    def close(self) -> None:
        self._camera.close()


def find_virtual_camera(device: str) -> OpenDevice:
    """Return what opens a virtual camera.

    Args:
        device: ``/dev/videoN``, the name of a virtual camera, or ``ANY``.

    Raises:
        MediaError: There is no such virtual camera; the hint says how to get one.
    """
    if sys.platform.startswith("linux"):
        path = _loopback(device)
        return lambda size, fps: _LoopbackDevice(path, size, fps)
    from importlib.util import find_spec

    if find_spec("pyvirtualcam") is None:
        raise MediaError(
            "a virtual camera needs pyvirtualcam and OBS here",
            hint="install OBS, then `pip install pyvirtualcam`; or add the page as a browser "
            "source in OBS and start its virtual camera",
        )
    name = None if device == ANY else device
    return lambda size, fps: _InstalledDevice(name, size, fps)


def _loopback(device: str) -> Path:
    """Return the path of a device that can be written to."""
    if device == ANY or not device.startswith("/"):
        devices = virtual_devices()
        found = [path for path, name in devices if device in (ANY, name)]
        if not found:
            what = "" if device == ANY else f" {device!r}"
            raise MediaError(f"there is no virtual camera{what}", hint=f"make one: {_MODPROBE}")
        return found[0]
    path = Path(device)
    try:
        outputs = v4l2.read_capabilities(path).outputs
    except OSError as error:
        message, hint = _unusable(path, error)
        raise MediaError(message, hint=hint) from error
    if not outputs:
        raise MediaError(
            f"{device} is no virtual camera: it cannot be written to", hint=f"make one: {_MODPROBE}"
        )
    return path


def _unusable(path: Path, error: OSError) -> tuple[str, str]:
    """Return message and hint for a device that cannot be asked what it is."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission to use {path}", "join the group video: sudo usermod -aG video $USER"
    if error.errno == errno.EBUSY:
        return f"{path} is in use", "close the program that uses it"
    if not path.exists():
        return f"there is no virtual camera {path}", f"make one: {_MODPROBE}"
    return f"{path} is no virtual camera: {reason(error)}", f"make one: {_MODPROBE}"


def _fitted(rgb: Pixels, size: tuple[int, int]) -> Pixels:
    """Return an image fitted into ``size`` (width, height), with bars if its shape differs."""
    height, width = rgb.shape[:2]
    if (width, height) == size:
        return rgb
    if (width - width % 2, height - height % 2) == size:
        return np.ascontiguousarray(rgb[: size[1], : size[0]])
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        rgb, inner, interpolation=cv2.INTER_AREA
    )
    return canvas


def _cause(error: Exception) -> str:
    if isinstance(error, OSError | av.FFmpegError) and getattr(error, "errno", None):
        return reason(error)
    return str(error)
