"""The stages that the frames of a file pass, all at work at the same time.

A 4K frame takes 12 MB, so no stage keeps a frame that it has passed on, not even in a loop variable
while it waits for the next.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import KW_ONLY, dataclass
from functools import partial
from itertools import chain, islice
from typing import TypeVar

from roop.faces.tracking.person_counter import PersonCounter
from roop.faces.tracking.tracker import FaceTracker
from roop.media.base import Reader, Writer
from roop.options import NoFaceAction
from roop.pipeline.people.no_face import nobody_in_frame_error
from roop.pipeline.progress import Meter
from roop.pipeline.stages.channel import Channel, StageThreads
from roop.pipeline.stages.edited_faces import FaceCopies
from roop.priority import lower_priority
from roop.processors.base import Processor, run_processor
from roop.provenance.label import Label
from roop.provenance.watermark import Watermark
from roop.safety.screen import Screen
from roop.types import AnalysedFrame, Frame

T = TypeVar("T")
"""What one stage passes to the next."""

_LEARN_STEP = 6
"""At most one in so many frames of a lead is analysed: to learn a face's neutral expression takes
some seconds, but not every frame of them."""

_WARM_UP = 8
"""The last frames of a lead are all processed, as those of the segment are."""

_DEPTHS = range(1, 9)
"""How many frames may wait between two stages; more if frames are small. They keep a stage busy
while its neighbour takes longer than usual."""

_WAITING = 16_000_000
"""Bytes of frames that may wait between two stages, in the bounds of ``_DEPTHS``."""


@dataclass(frozen=True, slots=True)
class FrameStages:
    """What the frames of one run pass, in order: reader, worker and writer."""

    reader: Reader
    screen: Screen
    tracker: FaceTracker
    processors: Sequence[Processor]
    watermark: Watermark
    label: Label | None
    _: KW_ONLY
    batch: int
    """Most frames that the processors get at once."""
    without_face: NoFaceAction
    """What to do with frames in which nobody is replaced."""
    lead: Callable[[Frame], int]
    """Returns how many frames of the target there are from this one to the first that is written:
    mostly 0. The reader may skip some of them."""
    people: PersonCounter | None = None
    """Counts the people in the frames that are written, if the job names nobody."""

    def start(
        self, write: Callable[[Iterable[AnalysedFrame]], None], cancel: threading.Event
    ) -> StageThreads:
        """Read, change and write at the same time, in bounded memory.

        Args:
            write: Writes the changed frames; called in a thread of its own.
            cancel: Set it to stop.

        Returns:
            The threads, while the last frames are still being written; to be joined.

        Raises:
            BaseException: The first error so far of any stage; none of them runs any more.
        """
        threads = StageThreads(cancel)
        # Fewer than the processors take at once, and the stages beside them would wait in turn.
        depth = max(_depth(*self.reader.info.size), self.batch)
        decoded: Channel[Frame] = Channel(depth, threads)
        changed: Channel[AnalysedFrame] = Channel(depth, threads)
        # Without closures, in which an error would refer to the threads that keep it.
        threads.spawn(partial(_read, self.reader, decoded), "roop-reader")
        threads.spawn(partial(write, changed), "roop-writer")
        threads.guard(partial(_pump, self.work(decoded), changed))
        if threads.failed:
            threads.join()
        return threads

    def work(self, frames: Iterable[Frame]) -> Iterator[AnalysedFrame]:
        """Screen, change and mark ``frames``; yield those to write, in order."""
        wanted = self._after_lead(frames)
        while batch := list(islice(wanted, self.batch)):
            yield from _handed_over(self._marked(batch))

    def write(
        self,
        frames: Iterable[AnalysedFrame],
        open_writer: Callable[[], AbstractContextManager[Writer]],
        meter: Meter,
    ) -> None:
        """Write ``frames``, each when all that were submitted so far have passed the screen.

        Args:
            frames: As ``work`` yields them.
            open_writer: Opens where they go; closed when all of them have passed the screen.
            meter: Counts them.
        """
        frames = iter(frames)
        first = list(islice(frames, 1))  # when it is here, the lead has been worked on
        with open_writer() as writer:
            for analysed in chain(_handed_over(first), frames):
                self.screen.wait_for_verdicts()  # a killed program leaves no other frame
                meter.count_frame(faces=len(analysed.faces), seen=analysed.faces_in_sight)
                if analysed.faces or self._keeps(analysed.frame):
                    writer.write(analysed.frame)
                del analysed
            self.screen.wait_for_verdicts()

    def _marked(self, frames: list[Frame]) -> list[AnalysedFrame]:
        """Submit ``frames`` to the screen, change them and mark them."""
        name, still = str(self.reader.info.path), self.reader.info.kind == "image"
        submitted = [self.screen.submit_frame(frame, name, still=still) for frame in frames]
        analysed_frames = [self._counted(frame) for frame in frames]
        for one, known in zip(analysed_frames, submitted, strict=True):
            self.screen.submit_closer(known, one.frame, one.faces)
        before = [FaceCopies.of(one.frame, one.faces) for one in analysed_frames]
        changed = list(self._processed(analysed_frames))
        for analysed, known, faces in zip(changed, submitted, before, strict=True):
            self.screen.submit_changed(known, analysed.frame)
            to_mark = faces.to_mark(analysed.frame, analysed.faces)
            if self.label is not None:
                self.label.stamp(analysed.frame)
            self.watermark.stamp(analysed.frame, to_mark)
        return changed

    def _after_lead(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the frames to write; let the processors learn from some of those before them."""
        last: int | None = None
        for frame in frames:
            left = self.lead(frame)
            step = _LEARN_STEP if last is None else max(1, last - left)
            if not left:
                yield frame
                del frame
            elif left <= _WARM_UP:
                self._processed([self._analysed(frame, step)])
                last = left
            elif step >= _LEARN_STEP:
                analysed = self._analysed(frame, step)
                for processor in self.processors:
                    processor.observe(analysed, step)
                last = left

    def _processed(self, changed: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for processor in self.processors:
            changed = run_processor(processor, changed)
        return changed

    def _counted(self, frame: Frame) -> AnalysedFrame:
        """Return a frame to write with its faces."""
        analysed = self._analysed(frame, 1)
        if self.people is not None:
            self.people.add(analysed)
        return analysed

    def _analysed(self, frame: Frame, step: int) -> AnalysedFrame:
        """Return a frame with its faces; it comes ``step`` frames after the one before."""
        faces = self.tracker.update(frame, frames=step)
        return AnalysedFrame(frame, faces, max(self.tracker.faces_in_sight, len(faces)))

    def _keeps(self, frame: Frame) -> bool:
        """Return True if a frame in which nobody was replaced goes into the output.

        Raises:
            NoFaceError: The job is to stop at such a frame.
        """
        if self.without_face == "error":
            raise nobody_in_frame_error(frame, self.reader.info.path)
        return self.without_face == "copy"


def _depth(width: int, height: int) -> int:
    """Return how many frames of a size may wait between two stages."""
    fitting = _WAITING // (width * height * 3 // 2)
    return min(max(fitting, _DEPTHS[0]), _DEPTHS[-1])


def _read(reader: Reader, decoded: Channel[Frame]) -> None:
    lower_priority()  # mostly frames are waiting already; the threads that use them go first
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
