"""Try a camera: read a few frames and measure size, rate, format and delay."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from roop.errors import MediaError
from roop.live_options import CameraOptions
from roop.media.live.addresses import camera_address
from roop.media.live.cameras import open_camera
from roop.types import Warn

FRAMES = 10
"""Frames to read."""

_PATIENCE_S = 15.0
"""Time after which a camera that sends too few frames is reported."""


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What a camera sent."""

    camera: str
    """Its name, without a password."""
    kind: str
    """``device``, ``address`` or ``file``."""
    frames: int
    size: tuple[int, int]
    """(width, height) in pixels."""
    format: str
    """FFmpeg's names of codec and pixel format."""
    fps: float
    """Measured between the first frame and the last."""
    opened_s: float
    """From opening the camera until it answered, in seconds."""
    first_frame_s: float
    """From opening the camera until its first frame was there, in seconds."""


def probe_camera(source: str, wanted: CameraOptions, warn: Warn) -> CameraReport:
    """Read a few frames of a camera.

    Args:
        source: As for ``open_camera``.
        wanted: What to ask it for.
        warn: Called when the camera is lost.

    Raises:
        MediaError: It cannot be opened, or does not send enough frames.
    """
    began = time.monotonic()
    with open_camera(source, warn, wanted) as camera:
        opened = time.monotonic()
        check = _deadline(opened + _PATIENCE_S, camera.name)
        times, size, pixel_format = [], (0, 0), ""
        for frame in camera.frames(check):
            times.append(time.monotonic())
            size, pixel_format = frame.size, frame.raw.format.name
            if len(times) == FRAMES:
                break
        if not times:
            raise MediaError(f"{camera.name} sent no frame", hint="is it in use by others?")
        span = times[-1] - times[0]
        return CameraReport(
            camera=camera.name,
            kind=camera_address(source).kind,
            frames=len(times),
            size=size,
            format=f"{camera.codec} ({pixel_format})",
            fps=round((len(times) - 1) / span, 1) if span > 0 else 0.0,
            opened_s=round(opened - began, 3),
            first_frame_s=round(times[0] - began, 3),
        )


def _deadline(until: float, name: str) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > until:
            raise MediaError(
                f"{name} sent fewer than {FRAMES} frames in {_PATIENCE_S:g} s",
                hint="a camera in the dark may be slow; otherwise try another size or transport",
            )

    return check
