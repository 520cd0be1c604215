"""The stages that the frames of a camera pass: the newest goes on, older ones are dropped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from roop.media.frames.planar_frame import PlanarFrame
from roop.pipeline.stages.channel import Channel, StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.processors.base import run_processor
from roop.provenance.label import Label
from roop.types import AnalysedFrame


class LiveOutput(Protocol):
    """Where finished frames go."""

    def show(self, analysed: AnalysedFrame) -> None:
        """Take a frame that has passed the screen."""
        ...

    def close(self) -> None:
        """Mark the end."""
        ...


@dataclass(frozen=True, slots=True)
class LiveStages:
    """What the frames of a camera pass, in order."""

    pipeline: FramePipeline
    name: str
    """What to call the camera."""
    patience_s: float
    """How long the screen may take for a verdict."""

    def changed(self, frames: Iterable[PlanarFrame]) -> Iterator[AnalysedFrame]:
        """Yield the frames changed and labelled; not all has passed the screen yet."""
        pipeline, size = self.pipeline, None
        for frame in frames:
            if frame.size != size:  # another camera behind the same address, or a turned phone
                size = frame.size
                tracker = pipeline.analyser.tracker(pipeline.selector())
                label = Label(pipeline.job.label)
                for processor in pipeline.processors:
                    processor.reset()
            screen = pipeline.screen
            submitted = screen.submit_frame(frame, self.name, still=False)
            analysed: Sequence[AnalysedFrame] = [AnalysedFrame(frame, tracker.update(frame))]
            screen.submit_closer(submitted, frame, analysed[0].faces)
            for processor in pipeline.processors:
                analysed = run_processor(processor, analysed)
            for one in analysed:
                screen.submit_changed(submitted, one.frame)
                label.stamp(one.frame)
                yield one

    def passed(self, frames: Iterable[AnalysedFrame]) -> Iterator[AnalysedFrame]:
        """Yield every frame, none before all that the screen got so far has passed."""
        for analysed in frames:
            self.pipeline.screen.wait_for_verdicts(self.patience_s)
            self.pipeline.watermark.stamp(analysed.frame, analysed.faces)
            yield analysed


def stream_live(
    stages: LiveStages,
    frames: Iterable[PlanarFrame],
    output: LiveOutput,
    threads: StageThreads,
) -> None:
    """Change and show frames at the same time, until they end.

    One frame is worked on, one may wait before it and one behind it: what is shown is never older.

    Args:
        stages: What the frames pass.
        frames: Those of the camera, the newest first.
        output: Where they go.
        threads: Run the stages; the caller joins them.
    """
    changed: Channel[AnalysedFrame] = Channel(1, threads)
    threads.spawn(lambda: _show(stages.passed(changed), output), "roop-show")
    _pump(stages.changed(frames), changed)


def _pump(frames: Iterable[AnalysedFrame], channel: Channel[AnalysedFrame]) -> None:
    for analysed in frames:
        channel.put(analysed)
    channel.close()


def _show(frames: Iterable[AnalysedFrame], output: LiveOutput) -> None:
    for analysed in frames:
        output.show(analysed)
    output.close()
