"""Run a long job segment by segment; finished segments survive a crash."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from roop.errors import CancelledError, NoFaceError, RefusedError, RoopError
from roop.heap import trim_heap
from roop.media.files.output_file import OutputFile
from roop.media.target_file import TargetFile
from roop.media.video.output import VideoOutput
from roop.media.video.packet_file import join_packets
from roop.media.video.reader import VideoReader
from roop.pipeline.people.no_face import nobody_replaced_error
from roop.pipeline.progress import Meter
from roop.pipeline.segments.fingerprint import Fingerprint, difference, fingerprint_of
from roop.pipeline.segments.plan import Pace, Segment
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.stats import JobStats
from roop.pipeline.task import Task
from roop.pipeline.workers.pool import ProcessPool, WorkerPool
from roop.pipeline.workers.setup import WorkerSetup

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LongJob:
    """A job whose target is split into segments."""

    task: Task
    segments: Sequence[Segment]
    pace: Pace
    workers: int
    """Processes that share the segments; 1 means this process."""
    worker_bytes: int
    """Approximate memory of each."""
    target: TargetFile
    """The target as it was before it was split."""

    def run(self) -> JobStats:
        """Process the missing segments, and join all of them.

        Raises:
            RefusedError: A frame or photo is refused; nothing is left behind.
            CancelledError: The person stopped the job; finished segments stay.
            RoopError: The job failed; finished segments stay.
        """
        task = self.task
        fingerprint = fingerprint_of(task.job, task.settings, task.registry, self.pace)
        folder = WorkFolder.of(task.output, fingerprint)
        others = [o for o in WorkFolder.all_for(task.output) if o.path != folder.path]
        note = None if folder.path.exists() else self._restart_note(others, fingerprint)
        with folder.locked():
            try:
                stats = self._work(folder, fingerprint, note)
            except BaseException as error:
                self._tidy(folder, error)
                raise
            folder.discard()
        for other in others:
            if not other.is_locked:
                other.discard()
        return stats

    def _restart_note(self, others: Sequence[WorkFolder], fingerprint: Fingerprint) -> str | None:
        if not others:
            return None
        why = difference(others[0].description().get("fingerprint", {}), fingerprint)
        note = f"starting again: {why}"
        self.task.warn(note)
        return note

    def _tidy(self, folder: WorkFolder, error: BaseException) -> None:
        """Keep the finished segments, unless they can never be used."""
        final = isinstance(error, RefusedError | NoFaceError)
        finished = folder.finished_count
        if final or not finished:
            folder.discard()
            return
        folder.remove_partial_files()
        if isinstance(error, CancelledError):
            raise CancelledError(
                f"stopped, {finished} of {len(self.segments)} segments are kept",
                hint="the same command continues from there, and so does `roop resume`",
            ) from error
        if isinstance(error, RoopError):
            kept = (
                f"{finished} of {len(self.segments)} segments are kept: the same command continues"
            )
            error.add_hint(kept)

    def _work(self, folder: WorkFolder, fingerprint: Fingerprint, note: str | None) -> JobStats:
        task = self.task
        gc.collect()  # frees the decoder that the plan was made with
        self._file(folder).discard()  # an error about the output's name comes now
        job = task.job.model_copy(update={"output": task.output})
        folder.record_job(job, task.settings, fingerprint, self.segments)
        resumed = self._process_missing(folder, note)
        done = (folder.stats_of(s.number) or JobStats() for s in self.segments)
        stats = sum(done, JobStats(resumed=resumed))
        if not stats.counts.swapped and task.registry.scale(task.job.steps) == 1:
            raise nobody_replaced_error(task.job, stats.nearest)
        self._join(folder, stats)
        return stats

    def _file(self, folder: WorkFolder) -> OutputFile:
        task = self.task
        return OutputFile(
            task.output,
            force=task.job.force,
            target=self.target,
            marks=task.marks,
            folder=folder.path,
        )

    def _process_missing(self, folder: WorkFolder, note: str | None) -> int:
        """Process the unfinished segments; return the number of frames in the finished ones."""
        done = {s.number: folder.stats_of(s.number) for s in self.segments}
        missing = [s for s in self.segments if done[s.number] is None]
        resumed = sum(stats.counts.frames for stats in done.values() if stats is not None)
        if resumed and missing:
            note = f"resuming after {missing[0].clock}"
        total = sum(s.frames for s in self.segments)
        meter = Meter(total, self.task.watch, resumed=resumed, note=note)
        meter.report()
        if missing and (self.task.settings.cluster or min(self.workers, len(missing)) > 1):
            self._pool(folder, min(self.workers, len(missing))).run(missing, meter)
        elif missing:
            self._process_here(missing, folder, meter)
        meter.report()
        return resumed

    def _process_here(self, missing: Sequence[Segment], folder: WorkFolder, meter: Meter) -> None:
        # Imported here, as only workers may need these libraries.
        from roop.pipeline.segments.chosen_person import ChosenPersonFinder
        from roop.pipeline.segments.segment_runner import SegmentRunner
        from roop.pipeline.stages.frame_pipeline import FramePipeline

        task = self.task
        with FramePipeline(
            task.job, task.resources(), cancel=task.cancel, watch=task.watch
        ) as pipeline:
            chosen_person = ChosenPersonFinder(pipeline, self._seek_times, folder)
            SegmentRunner(pipeline, chosen_person, task.output, folder, meter, self.target).run(
                missing
            )

    def _pool(self, folder: WorkFolder, workers: int) -> WorkerPool:
        task, settings = self.task, self.task.settings
        if settings.cluster:
            from roop.pipeline.workers.cluster import ClusterPool

            return ClusterPool(task, folder, self._seek_times, self.worker_bytes)
        if settings.max_memory is not None:
            share = settings.max_memory / workers
            settings = settings.model_copy(update={"max_memory": share})
        setup = WorkerSetup(
            task.job, settings, task.output, folder.path, self._seek_times, self.target
        )
        return ProcessPool(setup, workers, task.cancel)

    @property
    def _seek_times(self) -> list[Fraction | None]:
        """Where the decoding of each segment begins."""
        return [segment.time_range.seek for segment in self.segments]

    def _join(self, folder: WorkFolder, stats: JobStats) -> None:
        """Join the finished segments and the target's other streams into the output."""
        trim_heap()
        warn, video = self.task.warn, self.task.job.video
        for warning in stats.warnings:
            warn(warning)
        note = self.task.marks.note
        paths = [folder.packets(s.number) for s in self.segments]
        scale = self.task.registry.scale(self.task.job.steps)
        with VideoReader(self.task.job.target, video, warn, scale=scale) as reader:
            file = self._file(folder)
            with VideoOutput(file, reader, video, note=note, warn=warn) as output:
                output.mux(self._cancellable(join_packets(paths, output.encoder)))
                output.warn_of(stats.left_out)

    def _cancellable(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            if self.task.cancel.is_set():
                raise CancelledError("cancelled")
            yield item
