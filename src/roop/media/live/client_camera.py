"""A camera whose frames a client sends, one JPEG after another."""

import queue
import time
from collections.abc import Iterator

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import MediaError
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.cameras import CLOCK, Check
from roop.types import Frame

MOST_PIXELS = 3840 * 2160
"""Of one frame."""

_POLL_S = 0.05
"""Time between two looks at whether anybody still waits."""


class ClientCamera(Closing):
    """Yields the frames that are put into it. Implements ``Camera``."""

    name = "the client's camera"
    codec = "mjpeg"

    def __init__(self) -> None:
        self._jpegs: queue.Queue[tuple[bytes, float] | None] = queue.Queue()
        self._started = time.monotonic()

    def put(self, jpeg: bytes) -> None:
        """Take the next frame; never waits."""
        self._jpegs.put((jpeg, time.monotonic()))

    @override
    def close(self) -> None:
        """Note that no more frames will come."""
        self._jpegs.put(None)

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since one of its frames arrived."""
        return time.monotonic() - self._started - float(frame.pts * frame.time_base)

    def frames(self, check: Check) -> Iterator[PlanarFrame]:
        """Yield each frame; its time is that of its arrival.

        Raises:
            MediaError: A frame is no JPEG, or too large.
        """
        while True:
            check()
            try:
                entry = self._jpegs.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if entry is None:
                return
            jpeg, arrived = entry
            pts = int((arrived - self._started) / CLOCK)
            yield PlanarFrame(_decoded(jpeg), pts=pts, time_base=CLOCK)


def _decoded(jpeg: bytes) -> VideoFrame:
    # A decoder of its own for each: one damaged frame leaves no trace in the next.
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"max_pixels": str(MOST_PIXELS)}
    if not isinstance(decoder, VideoCodecContext):
        raise TypeError("mjpeg is a video codec")
    try:
        frames = [*decoder.decode(av.Packet(jpeg)), *decoder.decode(None)]
    except (av.FFmpegError, ValueError, OSError) as error:
        raise MediaError("a frame of the client's camera is no JPEG") from error
    if not frames:
        raise MediaError("a frame of the client's camera is no JPEG")
    return frames[0]
