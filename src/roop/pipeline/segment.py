"""Segments of a long target: read, changed, encoded and recorded."""

import gc
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from roop.heap import give_back
from roop.media.base import Writer
from roop.media.stretch_writer import StretchWriter
from roop.media.video_reader import VideoReader
from roop.pipeline.bench import Bench, Part
from roop.pipeline.channel import Stages
from roop.pipeline.plan import Segment
from roop.pipeline.progress import Meter
from roop.pipeline.scout import Scout
from roop.pipeline.tally import Tally
from roop.pipeline.work_folder import WorkFolder
from roop.provenance.label import Label
from roop.types import Frame


@dataclass(frozen=True, slots=True)
class _Running:
    """A segment of which the last frames are being encoded."""

    stages: Stages
    resources: ExitStack
    """What they still need."""

    def finish(self) -> None:
        with self.resources:
            self.stages.join()


class _SegmentOutput:
    """What a segment is written to, and the last frame before that.

    Args:
        bench: What works on its frames.
        segment: Which part of the job.
        reader: Of its frames.
        output: The file that the job is to make.
        folder: Where finished segments lie.
    """

    def __init__(
        self, bench: Bench, segment: Segment, reader: VideoReader, output: Path, folder: WorkFolder
    ) -> None:
        self._bench = bench
        self._segment = segment
        self._reader = reader
        self._output = output
        self._folder = folder
        self._last: Frame | None = None
        self._left_out = 0

    def lead(self, frame: Frame) -> int:
        """Return how many frames, with this one, only lead up to the segment."""
        left_s = self._reader.lead(frame)
        if left_s:
            self._last = frame
        return math.ceil(left_s * self._segment.lead_fps)

    @contextmanager
    def open(self) -> Iterator[Writer]:
        """Open the file of the segment's packets; it is whole when it is left."""
        path, video = self._folder.packets(self._segment.number), self._bench.job.video
        with StretchWriter(
            path, self._reader, video, output=self._output, warn=self._bench.warn
        ) as writer:
            if self._last is not None:
                writer.skip(self._last)
                self._last = None
            yield writer
        self._left_out = writer.left_out

    def record(self, tally: Tally) -> None:
        """Note that the segment is done."""
        self._folder.record(self._segment.number, tally + Tally(left_out=self._left_out))
        # PyAV's containers and streams hold each other: encoders would pile up, 80 MB each at 720p.
        gc.collect()
        give_back()  # or what is left between the pieces in use grows with every segment


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """Does segments one after another; while the last frames of one are encoded the next begins."""

    bench: Bench
    """What works on the frames."""
    scout: Scout
    """Knows who is in sight where a segment begins."""
    output: Path
    """The file that the job is to make."""
    folder: WorkFolder
    """Where finished segments lie."""
    meter: Meter
    """Counts the frames."""

    def do(self, segments: Iterable[Segment]) -> None:
        """Do ``segments``; each is recorded as done when it is safe on the disk."""
        running: _Running | None = None
        try:
            for segment in segments:
                before, running = running, self._begun(segment, running)
                if before is not None:
                    before.finish()
        finally:
            if running is not None:
                running.finish()

    def _begun(self, segment: Segment, before: _Running | None) -> _Running:
        """Work on all frames of ``segment``; write none before all of the segment before."""
        job, bench = self.bench.job, self.bench
        with ExitStack() as stack:
            reader = stack.enter_context(
                VideoReader(
                    job.target,
                    job.video,
                    bench.warn,
                    stretch=segment.stretch,
                    scale=bench.scale,
                    beside_work=True,
                )
            )
            own = _SegmentOutput(bench, segment, reader, self.output, self.folder)
            part = Part(
                reader,
                own.open,
                own.record,
                Label(job.label, begins=reader.begins) if job.label.label else None,
                lead=own.lead,
                looks=self.scout.looks(segment.number, reader),
            )
            stages = bench.begin(part, self.meter, after=before.stages if before else None)
            return _Running(stages, stack.pop_all())
