"""The stages that a frame passes, at work at the same time.

A frame of 4K is 12 MB: no stage keeps one that it has handed on, not even in a loop's variable
while it waits for the next.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from roop.faces.tracking.tracker import FaceTracker
from roop.media.base import Reader, Writer
from roop.options import WithoutFace
from roop.pipeline.people.no_face import nobody_in
from roop.pipeline.progress import Meter
from roop.pipeline.stages.channel import Channel, StageThreads
from roop.priority import lower_priority
from roop.processors.base import Processor, applied
from roop.provenance.label import Label
from roop.provenance.watermark import Watermark
from roop.safety.screen import Screen
from roop.types import AnalysedFrame, Frame

T = TypeVar("T")
"""What is pumped from one stage to the next."""

_STEP = 6
"""Of the frames that lead up to a segment at most one in so many is looked at: what a face looks
like when it expresses nothing takes seconds to see, not every frame of them."""

_ALL = 8
"""The last frames of the lead are all worked on, as those of the segment are."""

_DEPTHS = range(1, 9)
"""How many frames may wait between two stages: more where they are small. They keep a stage busy
whose neighbour takes longer for some frames than for others."""

_WAITING = 16_000_000
"""Bytes of the planes that may wait, where that is more than the fewest frames."""


@dataclass(frozen=True, slots=True)
class FrameStages:
    """The parts that a frame passes, in order."""

    reader: Reader
    screen: Screen
    tracker: FaceTracker
    processors: Sequence[Processor]
    watermark: Watermark
    label: Label | None
    output: Callable[[], AbstractContextManager[Writer]]
    """Opens the writer, which is left when all that it was given has passed the screen."""
    at_once: int
    """Frames that the processors are given together, if there are so many."""
    without_face: WithoutFace
    """What to do with frames in which nobody is replaced."""
    lead: Callable[[Frame], int]
    """Tells how many frames of the target, with this one, only lead up to those that are written,
    mostly 0; they need not all come."""

    def scenes(self, frames: Iterable[Frame]) -> Iterator[AnalysedFrame]:
        """Yield the scenes to write, in order."""
        own = self._after_lead(frames)
        while scenes := self._next(own):
            yield from _handed_over(scenes)

    def _next(self, frames: Iterator[Frame]) -> list[AnalysedFrame]:
        """Show the next frames to the screen, change and mark them; an empty list is the end."""
        some = list(islice(frames, self.at_once))
        if not some:
            return []
        target = self.reader.info
        for frame in some:
            self.screen.show(frame, str(target.path), still=target.kind == "image")
        scenes = list(self._changed(some))
        for scene in scenes:
            if self.label is not None:
                self.label.stamp(scene.frame)
            self.watermark.stamp(scene.frame, scene.faces)
        return scenes

    def _after_lead(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the frames to write; look at some of those before them."""
        last: int | None = None
        for frame in frames:
            left = self.lead(frame)
            step = _STEP if last is None else max(1, last - left)
            if not left:
                yield frame
                del frame
            elif left <= _ALL:
                self._changed([frame], step=step)
                last = left
            elif step >= _STEP:
                scene = self._scene(frame, step)
                for processor in self.processors:
                    processor.learn(scene, step)
                last = left

    def _changed(self, frames: Sequence[Frame], *, step: int = 1) -> Sequence[AnalysedFrame]:
        scenes: Sequence[AnalysedFrame] = [self._scene(frame, step) for frame in frames]
        for processor in self.processors:
            scenes = applied(processor, scenes)
        return scenes

    def _scene(self, frame: Frame, step: int) -> AnalysedFrame:
        """Return a frame with its faces; the target has gone on by ``step`` frames to it."""
        faces = self.tracker.update(frame, frames=step)
        return AnalysedFrame(frame, faces, max(self.tracker.seen, len(faces)))

    def write(self, scenes: Iterable[AnalysedFrame], meter: Meter) -> None:
        """Write ``scenes``, not one of them before the first pictures have passed the screen."""
        scenes = iter(scenes)
        first = list(islice(scenes, 1))  # now what leads up to it has been looked at
        with self.output() as writer:
            self.screen.settle()
            for scene in chain(_handed_over(first), scenes):
                meter.count(faces=len(scene.faces), seen=scene.seen)
                if scene.faces or self.keeps(scene.frame):
                    writer.write(scene.frame)
                del scene
            self.screen.settle()

    def keeps(self, frame: Frame) -> bool:
        """Tell whether a frame in which nobody was replaced goes into the output.

        Raises:
            NoFaceError: There may be no such frame.
        """
        if self.without_face == "error":
            raise nobody_in(frame, self.reader.info.path)
        return self.without_face == "copy"


def begin(
    line: FrameStages, write: Callable[[Iterable[AnalysedFrame]], None], cancel: threading.Event
) -> StageThreads:
    """Read, change and write at the same time, in bounded memory.

    Args:
        line: What the frames pass.
        write: Writes the scenes, in a thread of its own.
        cancel: Set it to stop.

    Returns:
        The stages, while the last scenes are still being written; to be joined.

    Raises:
        BaseException: The first error so far of any stage; none of them is at work any more.
    """
    stages = StageThreads(cancel)
    # Fewer than the processors take at once, and the stages beside them would wait in turn.
    depth = max(_depth(*line.reader.info.size), line.at_once)
    decoded: Channel[Frame] = Channel(depth, stages)
    changed: Channel[AnalysedFrame] = Channel(depth, stages)
    stages.spawn(lambda: _read(line.reader, decoded), "roop-reader")
    stages.spawn(lambda: write(changed), "roop-writer")
    stages.guard(lambda: _pump(line.scenes(decoded), changed))
    if stages.failed:
        stages.join()
    return stages


def _depth(width: int, height: int) -> int:
    """Return how many frames of a size may wait between two stages."""
    fitting = _WAITING // (width * height * 3 // 2)
    return min(max(fitting, _DEPTHS[0]), _DEPTHS[-1])


def _read(reader: Reader, decoded: Channel[Frame]) -> None:
    lower_priority()  # frames wait already, most of the time; those who work on them shall not
    _pump(reader, decoded)


def _pump(items: Iterable[T], channel: Channel[T]) -> None:
    for item in items:
        channel.put(item)
        del item
    channel.close()


def _handed_over(items: list[T]) -> Iterator[T]:
    """Yield ``items``, and leave none in the list."""
    while items:
        yield items.pop(0)
