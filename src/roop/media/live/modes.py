"""The modes of a camera (size, rate, format), and which one to ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

USUAL_FPS = 30.0
"""Frames per second to ask for if nobody says otherwise."""

_USUAL_SIZE = (1280, 720)
"""Largest size to ask for if nobody says otherwise: a face in it is large enough."""

_RAW_PIXELS_PER_S = 640 * 480 * 30
"""Pixels that USB 2 carries uncompressed in a second, for cameras that tell no rates."""

MJPEG = "mjpeg"
"""FFmpeg's name of motion JPEG."""


@dataclass(frozen=True, slots=True)
class CameraMode:
    """One way in which a camera can send frames."""

    size: tuple[int, int]
    """(width, height) in pixels."""
    format: str
    """FFmpeg's name, such as ``yuyv422`` or ``mjpeg``."""
    fps: tuple[float, ...] = ()
    """Frames per second that it can do; empty if it does not tell."""

    def likely_fps(self, wanted: float) -> float:
        """Return the rate to expect if ``wanted`` is asked for: the nearest one that it has."""
        if self.fps:
            return min(self.fps, key=lambda fps: (abs(fps - wanted), -fps))
        if self.format == MJPEG:
            return wanted
        return min(wanted, _RAW_PIXELS_PER_S / (self.size[0] * self.size[1]))


@dataclass(frozen=True, slots=True)
class CameraDevice:
    """A camera of this machine."""

    name: str
    """For people, such as ``Integrated Camera``."""
    address: str
    """For ``--input``, such as ``/dev/video0``."""
    modes: tuple[CameraMode, ...] = ()
    """Empty where the system does not tell them."""


def choose_mode(
    modes: Sequence[CameraMode],
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    wanted_format: str | None = None,
) -> CameraMode | None:
    """Return the mode to ask a camera for, None if it has none that fits.

    Of the modes of one size, the one with the most frames wins, up to the wanted rate. Of two with
    the same rate, the uncompressed one wins: it costs no decoding.

    Args:
        modes: Those that the camera has.
        size: (width, height) in pixels; by default the largest up to 1280 x 720.
        fps: Frames per second; 30 by default.
        wanted_format: FFmpeg's name; any by default.
    """
    wanted = fps or USUAL_FPS
    fitting = [mode for mode in modes if wanted_format in (None, mode.format)]
    if size is not None:
        fitting = [mode for mode in fitting if mode.size == size]
    else:
        small = [mode for mode in fitting if _fits(mode.size, _USUAL_SIZE)]
        fitting = small or fitting
        best = max((min(mode.likely_fps(wanted), wanted) for mode in fitting), default=0.0)
        fitting = [mode for mode in fitting if mode.likely_fps(wanted) >= best * 0.8]
    return max(
        fitting,
        key=lambda mode: (
            mode.size[0] * mode.size[1],
            min(mode.likely_fps(wanted), wanted),
            mode.format != MJPEG,
        ),
        default=None,
    )


def _fits(size: tuple[int, int], limit: tuple[int, int]) -> bool:
    return size[0] <= limit[0] and size[1] <= limit[1]
