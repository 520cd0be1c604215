"""The live swaps of one process: each has its faces, all share one set of networks."""

import dataclasses
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import CancelledError, MediaError, UsageError
from roop.live_options import CameraOptions
from roop.media.live.addresses import without_secrets
from roop.media.live.cameras import open_camera
from roop.media.live.client_camera import ClientCamera
from roop.options import Settings
from roop.pipeline.live.prometheus import prometheus_text
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.studio.draft import Draft
from roop.studio.live_frames import LiveClient, LiveFrames


@dataclass(slots=True)
class _Swap:
    """A live swap that runs or is about to."""

    client: ClientCamera = field(default_factory=ClientCamera)
    """Takes the client's frames, if those are swapped."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set to end it."""
    frames: LiveFrames | None = None
    """None until it begins."""


class LiveSwaps(Closing):
    """Live swaps by name; safe for threads.

    Args:
        settings: What this machine has.
        registry: The available processors.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._resources = PipelineResources(settings, registry)
        self._lock = threading.Lock()
        self._swaps: dict[str, _Swap] = {}

    def announce(self, name: str) -> None:
        """Take frames and a stop for a swap from now on, before ``run`` begins."""
        with self._lock:
            self._swaps[name] = _Swap()

    def run(
        self,
        name: str,
        draft: Draft,
        camera: CameraOptions | None,
        folder: Path,
        client: LiveClient,
    ) -> None:
        """Swap until the camera ends, or ``stop`` is called.

        Args:
            name: As announced.
            draft: Faces and options.
            camera: Which, and what to ask it for; None for frames that ``put`` takes.
            folder: Where recordings and stills are written.
            client: Receives the frames.

        Raises:
            RoopError: It could not be done, or not any longer.
        """
        with _named(camera), self._running(name) as (swap, resources):
            opened = open_camera(camera.input, _ignore, camera) if camera else swap.client
            with opened:
                swap.frames = LiveFrames(draft, resources, opened, client, wanted=camera)
                swap.frames.run(folder, swap.stop)

    def put(self, name: str, jpeg: bytes) -> None:
        """Pass a frame of the client to a swap."""
        swap = self._swaps.get(name)
        if swap is not None:
            swap.client.put(jpeg)

    def stop(self, name: str) -> None:
        """End a swap."""
        swap = self._swaps.get(name)
        if swap is not None:
            swap.stop.set()

    @override
    def close(self) -> None:
        """End all."""
        for swap in list(self._swaps.values()):
            swap.stop.set()

    def change(self, name: str, change: Mapping[str, Any], draft: Draft | None) -> None:
        """Change a swap while it runs.

        Args:
            name: Which.
            change: New values of ``many_faces``, ``mirror`` and ``label_corner``; ``record`` begins
                or ends a recording, ``still`` saves the next frame.
            draft: Other faces or people; None to keep them.

        Raises:
            RoopError: The draft cannot be used: nothing is changed then.
        """
        frames = self._frames(name)
        if draft is not None:
            frames.choose(draft)
        control = frames.control
        if change.get("many_faces") is not None:
            control.set_many_faces(change["many_faces"])
        if change.get("mirror") is not None:
            control.set_mirror(change["mirror"])
        if change.get("label_corner") is not None:
            control.set_label_corner(change["label_corner"])
        if change.get("record") is not None:
            control.set_recording(change["record"])
        if change.get("still"):
            control.take_snapshot()

    def state(self) -> Mapping[str, Any]:
        """Return state and measurements of all that run, and these for Prometheus."""
        running = {n: s.frames for n, s in list(self._swaps.items()) if s.frames is not None}
        measured = {name: frames.meter.statistics() for name, frames in running.items()}
        return {
            "swaps": {
                name: {
                    "many_faces": frames.control.state.many_faces,
                    "mirror": frames.control.state.mirror,
                    "label_corner": frames.control.state.label_corner,
                    "statistics": dataclasses.asdict(measured[name]),
                }
                for name, frames in running.items()
            },
            "prometheus": prometheus_text(measured),
        }

    @contextmanager
    def _running(self, name: str) -> Iterator[tuple[_Swap, PipelineResources]]:
        resources = self._resources.share()
        try:
            yield self._swaps[name], resources
        except CancelledError:  # how a swap is ended
            pass
        finally:
            resources.close()
            with self._lock:
                del self._swaps[name]

    def _frames(self, name: str) -> LiveFrames:
        swap = self._swaps.get(name)
        if swap is None or swap.frames is None:
            raise UsageError("this live swap does not run", hint="start it first")
        return swap.frames


@contextmanager
def _named(camera: CameraOptions | None) -> Iterator[None]:
    """Leave the address of a camera out of errors: clients only know its name."""
    try:
        yield
    except MediaError as error:
        if camera is None:
            raise
        text = str(error)
        for address in (camera.input, without_secrets(camera.input)):
            text = text.replace(address, "the camera")
        raise MediaError(text, hint=error.template[1]) from error


def _ignore(sentence: str) -> None:
    """Ignore a warning."""
