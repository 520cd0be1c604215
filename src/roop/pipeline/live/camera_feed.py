"""The camera's thread: opens the camera while networks are loaded, and hands on each frame."""

import threading
import time

from roop.live_options import CameraOptions
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.addresses import CameraAddress, camera_address
from roop.media.live.cameras import Camera, open_camera
from roop.media.live.turning import Turning
from roop.pipeline.live.control import LiveControl
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.live.statistics import CAMERA, LiveMeter
from roop.pipeline.stages.channel import StageThreads
from roop.types import Frame, Warn

_POLL_S = 0.05
"""Time between two checks for a stop."""


class CameraFeed:
    """Reads a camera in a thread of its own.

    A camera is opened at once: it may take seconds, as the networks do. Until processing can begin,
    its frames are read and forgotten, so that none waits in a buffer and grows old. A file is
    played from its beginning when processing can begin.

    Args:
        wanted: Which camera, and what to ask it for.
        threads: When these stop, reading stops.
        meter: Counts dropped frames.
        control: Says whether frames are mirrored.
        warn: Called when the camera is lost and when it is back.
    """

    def __init__(
        self,
        wanted: CameraOptions,
        threads: StageThreads,
        meter: LiveMeter,
        control: LiveControl,
        warn: Warn,
    ) -> None:
        self._wanted = wanted
        self._threads = threads
        self._meter = meter
        self._control = control
        self._warn = warn
        self._ready = threading.Event()
        self._address: CameraAddress = camera_address(wanted.input)
        self._camera: Camera | None = None
        self._last = time.monotonic()
        self.name = self._address.name
        """Name for messages."""
        self.frames: LatestSlot[PlanarFrame] = LatestSlot(threads, self._drop)
        """Holds the newest frame."""

    def run(self) -> None:
        """Read the camera until it ends; the work of the thread.

        Raises:
            MediaError: The camera cannot be opened.
        """
        turning = Turning()
        if self._address.kind == "file":
            self._wait_until_ready()
        with open_camera(self._wanted.input, self._warn, self._wanted) as camera:
            self._camera = camera
            for frame in camera.frames(self._threads.check):
                self._last = time.monotonic()
                mirror = self._control.state.mirror
                self.frames.put(turning.turn(frame, self._wanted.rotate, mirror=mirror))
        self._wait_until_ready()
        self.frames.close()

    def start_processing(self) -> None:
        """Begin to play a file, and to count what is dropped."""
        self._ready.set()
        self._last = time.monotonic()

    def age_s(self, frame: Frame) -> float:
        """Return the seconds since ``frame`` arrived."""
        return 0.0 if self._camera is None else self._camera.age_s(frame)

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame, or since processing began."""
        return time.monotonic() - self._last

    def _wait_until_ready(self) -> None:
        while not self._ready.wait(_POLL_S):
            self._threads.check()

    def _drop(self) -> None:
        if self._ready.is_set():
            self._meter.drop(CAMERA)
