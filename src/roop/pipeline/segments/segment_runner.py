"""Process the segments of a long target: read, change, encode and record them."""

import gc
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from roop.heap import trim_heap
from roop.media.base import Writer
from roop.media.target_file import TargetFile
from roop.media.video.reader import VideoReader
from roop.media.video.segment_writer import SegmentWriter
from roop.pipeline.progress import Meter
from roop.pipeline.segments.chosen_person import ChosenPersonFinder
from roop.pipeline.segments.plan import Segment
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline, PipelineRun
from roop.pipeline.stages.stats import JobStats
from roop.provenance.label import Label
from roop.types import Frame

_OVERLAPPING = 1920 * 1088
"""Pixels of a frame up to which a segment starts while the last frames of the one before are still
encoded. Larger frames take too much memory for two decoders beside an encoder."""


class _SegmentFiles:
    """The target that a segment is read from, and the file that it is written to."""

    def __init__(
        self,
        pipeline: FramePipeline,
        segment: Segment,
        output: Path,
        folder: WorkFolder,
        target: TargetFile,
    ) -> None:
        """Open the target.

        Args:
            pipeline: Processes its frames.
            segment: Which part of the job.
            output: The output of the job.
            folder: Where finished segments lie.
            target: The target as it was before it was split.
        """
        self._target = target
        self._pipeline = pipeline
        self._segment = segment
        self._output = output
        self._folder = folder
        self._last: Frame | None = None
        self._left_out = 0
        self._resources = ExitStack()
        self.reader = self._resources.enter_context(
            VideoReader(
                pipeline.job.target,
                pipeline.job.video,
                pipeline.warn,
                time_range=segment.time_range,
                scale=pipeline.scale,
                decoding="frugal",
            )
        )
        """Reads the segment's frames."""

    def close(self) -> None:
        """Close what is still open, when nothing reads from it any more."""
        self._resources.close()

    def lead(self, frame: Frame) -> int:
        """Return how many frames are left, with this one, before the segment's first."""
        left_s = self.reader.seconds_to_start(frame)
        if left_s:
            self._last = frame
        return math.ceil(left_s * self._segment.lead_fps)

    @contextmanager
    def open(self) -> Iterator[Writer]:
        """Open the file of the segment's packets; it is complete when it is closed.

        The target is closed then, too, but not after an error, as it may still be read.
        """
        path = self._folder.packets(self._segment.number)
        video, warn = self._pipeline.job.video, self._pipeline.warn
        with SegmentWriter(path, self.reader, video, output=self._output, warn=warn) as writer:
            if self._last is not None:
                writer.skip(self._last)
                self._last = None
            yield writer
        self._left_out = writer.left_out
        self.close()

    def record(self, stats: JobStats) -> None:
        """Record that the segment is done.

        Raises:
            MediaError: The target is no longer what the job was planned for.
        """
        self._target.require_unchanged()
        self._folder.record(self._segment.number, stats + JobStats(left_out=self._left_out))
        # PyAV's containers and streams hold each other: encoders and decoders would pile up.
        gc.collect()
        trim_heap()  # or fragmentation grows with every segment


@dataclass(frozen=True, slots=True)
class _Running:
    """A segment whose last frames are being encoded."""

    stages: StageThreads
    files: _SegmentFiles

    @property
    def overlapping(self) -> bool:
        """True if the next segment may start meanwhile."""
        width, height = self.files.reader.info.size
        return width * height <= _OVERLAPPING

    def finish(self) -> None:
        try:
            self.stages.join()
        finally:
            self.files.close()


@dataclass(frozen=True, slots=True)
class SegmentRunner:
    """Processes segments one after another.

    Each starts while the last frames of the one before are encoded.
    """

    pipeline: FramePipeline
    """Processes the frames."""
    chosen_person: ChosenPersonFinder
    """Finds the person who was chosen before a segment."""
    output: Path
    """The output of the job."""
    folder: WorkFolder
    """Where finished segments are kept."""
    meter: Meter
    """Counts the frames."""
    target: TargetFile
    """The target as it must still be when a segment is done."""

    def run(self, segments: Iterable[Segment]) -> None:
        """Process ``segments``; record each once it is safe on the disk."""
        running: _Running | None = None
        try:
            for segment in segments:
                if running is not None and not running.overlapping:
                    running.finish()
                before, running = running, self._started(segment, running)
                if before is not None:
                    before.finish()
        finally:
            if running is not None:
                running.finish()

    def _started(self, segment: Segment, before: _Running | None) -> _Running:
        """Start to work on ``segment``; none of it is written before the segment before is."""
        job, pipeline = self.pipeline.job, self.pipeline
        files = _SegmentFiles(pipeline, segment, self.output, self.folder, self.target)
        try:
            reader = files.reader
            run = PipelineRun(
                reader,
                files.open,
                files.record,
                Label(job.label, start=reader.first_frame_s) if job.label.label else None,
                lead=files.lead,
                chosen=self.chosen_person.before(segment.number, reader),
            )
            after = before.stages if before is not None else None
            return _Running(pipeline.start(run, self.meter, after=after), files)
        except BaseException:
            files.close()
            raise
