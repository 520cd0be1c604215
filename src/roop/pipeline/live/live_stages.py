"""The stages that a live frame passes: the newest is worked on, older ones are dropped."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from roop.faces.tracking.tracker import FaceTracker
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.cameras import Camera
from roop.options import LabelOptions
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.stages.channel import Channel, StageThreads
from roop.processors.base import Processor, applied
from roop.provenance.label import Label
from roop.provenance.watermark import Watermark
from roop.safety.screen import Screen
from roop.types import AnalysedFrame


class LiveOutput(Protocol):
    """Where finished scenes go."""

    def show(self, scene: AnalysedFrame, camera: Camera) -> None:
        """Take a scene that has passed the screen."""
        ...

    def drop(self) -> None:
        """Take note that a frame of the camera will not be shown."""
        ...


@dataclass(frozen=True, slots=True)
class LiveStages:
    """The parts that a live frame passes, in order."""

    name: str
    """What to call the camera."""
    screen: Screen
    new_tracker: Callable[[], FaceTracker]
    processors: Sequence[Processor]
    watermark: Watermark
    label: LabelOptions
    """Always shown, whatever it says of that."""
    patience_s: float
    """How long the screen may take for a verdict."""

    def scenes(self, frames: Iterable[PlanarFrame]) -> Iterator[AnalysedFrame]:
        """Yield the changed and labelled scenes; not all has passed the screen yet."""
        size: tuple[int, int] | None = None
        for frame in frames:
            if frame.size != size:  # another camera behind the same address, or a turned phone
                size, tracker, label = frame.size, self.new_tracker(), Label(self.label)
                for processor in self.processors:
                    processor.reset()
            self.screen.show(frame, self.name, still=False)
            scenes: Sequence[AnalysedFrame] = [AnalysedFrame(frame, tracker.update(frame))]
            for processor in self.processors:
                scenes = applied(processor, scenes)
            for scene in scenes:
                label.stamp(scene.frame)
                yield scene

    def passed(self, scenes: Iterable[AnalysedFrame]) -> Iterator[AnalysedFrame]:
        """Yield every scene, none before all that the screen was shown so far has passed."""
        for scene in scenes:
            self.screen.settle(self.patience_s)
            self.watermark.stamp(scene.frame, scene.faces)
            yield scene


def stream_live(
    line: LiveStages, camera: Camera, outlet: LiveOutput, cancel: threading.Event
) -> None:
    """Read, change and show at the same time, until the camera ends.

    One frame is worked on, one may wait before it and one behind it: what is shown is never older.

    Raises:
        CancelledError: The person stopped it; all that was shown had passed the screen.
    """
    stages = StageThreads(cancel)
    newest: LatestSlot[PlanarFrame] = LatestSlot(stages, outlet.drop)
    changed: Channel[AnalysedFrame] = Channel(1, stages)
    stages.spawn(lambda: _film(camera, newest, stages), "roop-camera")
    stages.spawn(lambda: _show(line.passed(changed), camera, outlet), "roop-show")
    stages.guard(lambda: _pump(line.scenes(newest), changed))
    stages.join()


def _film(camera: Camera, newest: LatestSlot[PlanarFrame], stages: StageThreads) -> None:
    for frame in camera.frames(stages.check):
        newest.put(frame)
    newest.close()


def _pump(scenes: Iterable[AnalysedFrame], channel: Channel[AnalysedFrame]) -> None:
    for scene in scenes:
        channel.put(scene)
    channel.close()


def _show(scenes: Iterable[AnalysedFrame], camera: Camera, outlet: LiveOutput) -> None:
    for scene in scenes:
        outlet.show(scene, camera)
