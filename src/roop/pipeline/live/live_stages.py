"""The stages that the frames of a camera pass: the newest goes on, older ones are dropped."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from roop.faces.tracking.selection import AllFaces, FaceSelector, LargestFace
from roop.faces.tracking.tracker import FaceTracker
from roop.media.frames.planar_frame import PlanarFrame
from roop.pipeline.live.control import LiveControl
from roop.pipeline.live.pipelines import LivePipelines
from roop.pipeline.live.selection import ControlledSelector
from roop.pipeline.live.statistics import CAMERA, SCREEN, SWAP, LiveMeter
from roop.pipeline.stages.channel import Channel, StageThreads
from roop.pipeline.stages.edited_faces import FaceCopies
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.processors.base import run_processor
from roop.provenance.label import Label
from roop.types import AnalysedFrame, Face, Frame

T = TypeVar("T")
"""What one stage passes to the next."""

_MOST_FPS = 60
"""Frames per second for which there is room while they are held back."""

_POLL_S = 0.05
"""Time between two checks for a stop."""


class LiveOutput(Protocol):
    """Where finished frames go."""

    def show(self, analysed: AnalysedFrame) -> None:
        """Take a frame that has passed the screen."""
        ...

    def close(self) -> None:
        """Mark the end."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """A changed frame, which may not have passed the screen yet."""

    analysed: AnalysedFrame
    to_mark: Sequence[Face]
    """The faces that get the watermark."""
    pipeline: FramePipeline
    """Changed it, and screens it."""


@dataclass(frozen=True, slots=True)
class LiveStages:
    """What the frames of a camera pass, in order."""

    pipelines: LivePipelines
    name: str
    """What to call the camera."""
    control: LiveControl
    """What is changed while it runs."""
    meter: LiveMeter
    """Measures each stage."""
    age_s: Callable[[Frame], float]
    """Returns the seconds since a frame arrived."""

    def changed(self, frames: Iterable[PlanarFrame]) -> Iterator[LiveFrame]:
        """Yield the frames changed and labelled; not all has passed the screen yet."""
        changer = _Changer(self)
        for frame in frames:
            self.meter.add_time(CAMERA, self.age_s(frame))
            began = time.monotonic()
            for changed in changer.change(frame):
                self.meter.add_time(SWAP, time.monotonic() - began)
                yield changed

    def passed(self, frames: Iterable[LiveFrame]) -> Iterator[AnalysedFrame]:
        """Yield every frame, none before all that the screen got so far has passed."""
        last: FramePipeline | None = None
        for one in frames:
            began = time.monotonic()
            if last is not None and last is not one.pipeline:
                self.pipelines.retire(last)
            last = one.pipeline
            last.screen.wait_for_verdicts(self.pipelines.patience_s)
            last.watermark.stamp(one.analysed.frame, one.to_mark)
            self.meter.add_time(SCREEN, time.monotonic() - began)
            yield one.analysed


class _Changer:
    """Changes frames, one after the other, as the control says before each."""

    def __init__(self, stages: LiveStages) -> None:
        self._stages = stages
        self._seen: object = None
        self._pipeline: FramePipeline | None = None
        self._tracker: FaceTracker | None = None
        self._one: LargestFace | None = None
        self._label: Label | None = None
        self._labelled: object = None

    def change(self, frame: PlanarFrame) -> Iterator[LiveFrame]:
        """Yield the frame changed and labelled."""
        pipeline = self._stages.pipelines.of_next_frame()
        tracker, label = self._tracker_for(frame, pipeline), self._label_for(frame, pipeline)
        submitted = pipeline.screen.submit_frame(frame, self._stages.name, still=False)
        faces = tracker.update(frame)
        pipeline.screen.submit_closer(submitted, frame, faces)
        copies = FaceCopies.of(frame, faces)
        analysed: Sequence[AnalysedFrame] = [AnalysedFrame(frame, faces)]
        for processor in pipeline.processors:
            analysed = run_processor(processor, analysed)
        for one in analysed:
            pipeline.screen.submit_changed(submitted, one.frame)
            to_mark = copies.to_mark(one.frame, one.faces)
            label.stamp(one.frame)
            yield LiveFrame(one, to_mark, pipeline)

    def _tracker_for(self, frame: PlanarFrame, pipeline: FramePipeline) -> FaceTracker:
        """Return what follows the faces: a new one if the picture is turned or mirrored."""
        seen = frame.size, self._stages.control.state.mirror
        if self._tracker is None or seen != self._seen:
            self._tracker = pipeline.analyser.tracker(self._selector(pipeline))
            for processor in pipeline.processors:
                processor.reset()
        elif pipeline is not self._pipeline:  # a new tracker might miss a face for a moment
            self._tracker.select_with(self._selector(pipeline))
        self._seen, self._pipeline = seen, pipeline
        return self._tracker

    def _label_for(self, frame: PlanarFrame, pipeline: FramePipeline) -> Label:
        """Return the label: a new one if it gets another size or place."""
        corner = self._stages.control.state.label_corner
        if self._label is None or (frame.size, corner) != self._labelled:
            self._label = Label(pipeline.job.label.model_copy(update={"label_corner": corner}))
        self._labelled = frame.size, corner
        return self._label

    def _selector(self, pipeline: FramePipeline) -> FaceSelector:
        """Return a new selector; who was chosen before stays chosen."""
        person = None if self._one is None else self._one.descriptor
        selector = pipeline.selector(person)
        if pipeline.job.faces.mapped:
            return selector
        if isinstance(selector, AllFaces):  # for when not everybody is to be swapped any longer
            selector = LargestFace(person)
        self._one = selector if isinstance(selector, LargestFace) else None
        return ControlledSelector(selector, self._stages.control)


@dataclass(frozen=True, slots=True)
class Hold:
    """Holds finished frames back, so that they fit sound that arrives late."""

    delay_s: float
    """From a frame's arrival to its showing."""
    age_s: Callable[[Frame], float]
    """Returns the seconds since a frame arrived."""

    @property
    def frames(self) -> int:
        """Frames that may wait."""
        return 1 + round(self.delay_s * _MOST_FPS)

    def apply(
        self, frames: Iterable[AnalysedFrame], threads: StageThreads
    ) -> Iterator[AnalysedFrame]:
        """Yield each frame when it is old enough."""
        for analysed in frames:
            while (left := self.delay_s - self.age_s(analysed.frame)) > 0:
                threads.check()
                time.sleep(min(left, _POLL_S))
            yield analysed


def stream_live(
    stages: LiveStages,
    frames: Iterable[PlanarFrame],
    output: LiveOutput,
    threads: StageThreads,
    hold: Hold | None = None,
) -> None:
    """Change and show frames at the same time, until they end.

    One frame is worked on, one may wait before it and one behind it: what is shown is never older.

    Args:
        stages: What the frames pass.
        frames: Those of the camera, the newest first.
        output: Where they go.
        threads: Run the stages; the caller joins them.
        hold: Holds frames back before they are shown; None to show them at once.
    """
    changed: Channel[LiveFrame] = Channel(1, threads)
    if hold is None:
        threads.spawn(lambda: _show(stages.passed(changed), output), "roop-show")
    else:
        held: Channel[AnalysedFrame] = Channel(hold.frames, threads)
        threads.spawn(lambda: _pump(stages.passed(changed), held), "roop-pass")
        threads.spawn(lambda: _show(hold.apply(held, threads), output), "roop-show")
    _pump(stages.changed(frames), changed)


def _pump(frames: Iterable[T], channel: Channel[T]) -> None:
    for one in frames:
        channel.put(one)
    channel.close()


def _show(frames: Iterable[AnalysedFrame], output: LiveOutput) -> None:
    for analysed in frames:
        output.show(analysed)
    output.close()
