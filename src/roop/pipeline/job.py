"""Run one job, from its sources and its target to its output."""

import dataclasses
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from roop.errors import CancelledError, RoopError, UsageError, free_locals
from roop.faces.tracking.person_counts import without_rare
from roop.media.base import Reader
from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.media.target_file import TargetFile
from roop.options import Job, Settings
from roop.pipeline.long_job import LongJob
from roop.pipeline.output.kept_frames import keep_frames
from roop.pipeline.output.naming import named
from roop.pipeline.output.record import (
    Recognition,
    input_digests,
    models_of,
    recognition_of,
    write_record,
)
from roop.pipeline.people.no_face import nobody_replaced_error
from roop.pipeline.people.paths import source_paths
from roop.pipeline.people.replaced import ReplacedPerson, in_turn
from roop.pipeline.people.source_photo import SourcePhoto
from roop.pipeline.progress import Meter, Watch
from roop.pipeline.segments.plan import DEFAULT_PACE, Pace, plan_segments
from roop.pipeline.stages.stats import JobStats
from roop.pipeline.task import Task
from roop.pipeline.workers.pool import bytes_of, workers_for
from roop.processors import local_only
from roop.processors.base import Registry
from roop.provenance.marks import make_marks, with_visible_label
from roop.types import Warn

if TYPE_CHECKING:  # loads many libraries, which only workers may need
    from roop.pipeline.stages.resources import PipelineResources


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a finished job."""

    output: Path
    frames: int
    swapped: int
    """Frames in which at least one face was replaced."""
    faces: int
    """Faces that were replaced, in all frames together."""
    seen: int
    """Faces that were visible, replaced or not, in all frames together."""
    damaged: int
    """Frames of the target that could not be decoded and are left out."""
    screened: int
    """Source photos and frames that were screened for nudity, all without a finding."""
    resumed: int
    """Frames that an earlier run had finished before it was stopped."""
    elapsed_s: float
    """Seconds that this run took."""
    engine: str
    models: tuple[str, ...]
    """Catalogue names of the networks used."""
    recognition: Recognition | None
    """How people were recognised; None if the job named nobody."""
    providers: tuple[str, ...]
    """Execution providers of the processors' networks; empty if they have none."""
    warnings: tuple[str, ...]
    """Each once, in plain words."""
    kept_frames: Path | None = None
    """The folder with the output's frames as images, if requested."""
    replaced_people: tuple[ReplacedPerson, ...] = ()
    """The people who were replaced in turn, most often first, if the job names nobody and they are
    several."""
    sources: tuple[SourcePhoto, ...] = ()
    """The source photos, how well each serves, and which is the best of several."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON has it."""
        return {
            **dataclasses.asdict(self),
            "output": str(self.output),
            "kept_frames": self.kept_frames and str(self.kept_frames),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "JobResult":
        """Return the result that ``to_dict`` wrote."""
        paths = {name: data[name] and Path(data[name]) for name in ("output", "kept_frames")}
        lists = {name: tuple(data[name]) for name in ("models", "providers", "warnings")}
        by = data["recognition"]
        people = tuple(ReplacedPerson(**person) for person in data.get("replaced_people", ()))
        photos = tuple(SourcePhoto.from_dict(photo) for photo in data.get("sources", ()))
        recognition = by and Recognition(**by)
        values = {"recognition": recognition, "replaced_people": people, "sources": photos}
        return cls(**{**data, **paths, **lists, **values})


def run_job(
    job: Job,
    settings: Settings,
    registry: Registry,
    *,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
    pace: Pace = DEFAULT_PACE,
) -> JobResult:
    """Run one job; the output gets its name only when it is complete.

    Args:
        job: What to do.
        settings: Options of this machine.
        registry: The processors that ``job.steps`` may name.
        watch: Receives the progress a few times a second.
        cancel: Set it from another thread or a signal handler to stop the job.
        pace: How a long target is split.

    Raises:
        RoopError: The job failed; only the finished segments of a long target remain.
    """
    return JobRunner(settings, registry, pace=pace).run(job, watch=watch, cancel=cancel)


class JobRunner:
    """Runs jobs, one at a time.

    Args:
        settings: Options of this machine.
        registry: The processors that jobs may name.
        shared: Keeps networks, sources and processors from one job to the next; None to build them
            for every job.
        pace: How long targets are split.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        *,
        shared: "PipelineResources | None" = None,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._shared = shared
        self._pace = pace

    def run(
        self, job: Job, *, watch: Watch | None = None, cancel: threading.Event | None = None
    ) -> JobResult:
        """Run one job, and write its record and its kept frames; see ``run_job``."""
        try:
            return self._with_record(job, watch, cancel or threading.Event())
        except RoopError as error:
            free_locals(error)
            raise

    def _with_record(self, job: Job, watch: Watch | None, cancel: Event) -> JobResult:
        if job.record is None:
            return self._with_kept_frames(job, watch, cancel)
        if job.record.absolute() == output_path(job).absolute():
            raise UsageError(f"{job.record} is the output", hint="name another file for the record")
        with OutputFile(job.record, force=job.force) as file:
            inputs = input_digests(job)
            result = self._with_kept_frames(job, watch, cancel)
            with writing(job.record, file.part):
                results = dataclasses.asdict(result)
                write_record(file.part, job, self._settings, inputs=inputs, results=results)
        return result

    def _with_kept_frames(self, job: Job, watch: Watch | None, cancel: Event) -> JobResult:
        """Run a job, and write the frames of its output if requested."""
        warnings: dict[str, None] = {}  # a set that keeps its order
        task = self._task(job, warnings.setdefault, watch, cancel)
        target = TargetFile.of(job.target)
        with target.explaining_errors():
            result = self._run(task, target)
        folder = None
        if job.frames.keep_frames:
            try:
                folder = keep_frames(result.output, job.frames, task.marks, cancel)
            except CancelledError:  # the output is complete
                task.warn(f"cancelled: the frames of {result.output} were not written")
        all_warnings = tuple(dict.fromkeys((*warnings, *result.warnings)))
        return dataclasses.replace(result, warnings=all_warnings, kept_frames=folder)

    def _task(self, job: Job, warn: Warn, watch: Watch | None, cancel: Event) -> Task:
        settings, registry = self._settings, self._registry
        engine, models = job.steps[0].processor, models_of(job, settings, registry)
        output = output_path(job)
        job = job.model_copy(update={"label": with_visible_label(job.label, output, warn)})
        labelled = job.label.label and job.label.label_seconds is None
        swaps = registry[engine].engine
        marks = make_marks(engine, models, settings, warn, swaps=swaps, labelled=labelled)
        return Task(job, settings, registry, output, marks, warn, watch, cancel, self._shared)

    def _run(self, task: Task, target: TargetFile) -> JobResult:
        started = time.monotonic()
        job, settings, registry = task.job, task.settings, task.registry
        models = models_of(job, settings, registry)
        scale, pace = registry.scale(job.steps), self._pace
        with open_reader(
            job.target, job.video, task.warn, output=task.output, scale=scale
        ) as reader:
            if registry.models(job.steps, settings):
                pace = pace.with_short_segments()
            segments = plan_segments(reader, pace)
            stats = JobStats() if segments else _in_one_run(task, reader)
        if segments:
            workers = _workers(task, reader, len(segments))
            memory = bytes_of(reader.info.size)
            stats = LongJob(task, segments, pace, workers, memory, target).run()
        people = _replaced_people(task, stats)
        return JobResult(
            output=task.output,
            frames=stats.counts.frames,
            swapped=stats.counts.swapped,
            faces=stats.counts.faces,
            seen=stats.counts.seen,
            damaged=stats.damaged,
            screened=stats.photos + stats.screened,
            resumed=stats.resumed,
            elapsed_s=time.monotonic() - started,
            engine=job.steps[0].processor,
            models=models,
            recognition=recognition_of(job, settings),
            providers=stats.providers,
            warnings=stats.warnings,
            replaced_people=people,
            sources=stats.sources,
        )


def _workers(task: Task, reader: Reader, segments: int) -> int:
    """Return how many processes share the segments.

    Raises:
        UsageError: Several are requested, but cannot find a processor of this program.
    """
    registry, steps, settings = task.registry, task.job.steps, task.settings
    own = local_only(registry, steps)
    if own and (settings.cluster or (settings.workers or 1) > 1):
        raise UsageError(
            f"workers and clusters cannot find the processor {own[0]!r} of this program",
            hint="install it as a plug-in (docs/extend/processor.md), or use neither of them",
        )
    # A network has all cores, or the graphics card, for itself.
    alone = own or registry.models(steps, settings)
    usual = 1 if alone else workers_for(reader.info.size, segments, settings)
    return settings.workers or usual


def _in_one_run(task: Task, reader: Reader) -> JobStats:
    """Run a job whose target is not split into segments."""
    # Imported here, as only workers may need these libraries.
    from roop.pipeline.stages.frame_pipeline import FramePipeline
    from roop.provenance.label import Label

    job = task.job
    several = job.faces.many_faces or job.faces.mapped
    single = reader.info.kind == "image" and not several and task.shared is None
    with FramePipeline(
        job, task.resources(), cancel=task.cancel, watch=task.watch, single=single
    ) as pipeline:
        meter = Meter(reader.info.frames, task.watch)
        label = Label(job.label) if job.label.label else None
        with open_writer(
            task.output, reader, job.video, force=job.force, warn=task.warn, marks=task.marks
        ) as writer:
            stats = pipeline.run(reader, writer, meter, label=label)
            if not stats.counts.swapped and pipeline.scale == 1:
                raise nobody_replaced_error(job, stats.nearest)
    meter.report()
    return stats


def _replaced_people(task: Task, stats: JobStats) -> tuple[ReplacedPerson, ...]:
    """Return the people who were replaced in turn, if they are several, and warn about them."""
    counts, job = without_rare(stats.people), task.job
    if len(counts) < 2 or task.cancel.is_set():
        return ()
    # Imported here, as most jobs need none of these libraries in this process.
    from roop.pipeline.people.replaced_finder import find_replaced

    resources = task.resources()
    models = resources.models(task.warn, lambda name, done, total: None)
    people = find_replaced(counts, job, resources.analyser(job, models))
    verb = "replaced" if task.registry[job.steps[0].processor].engine else "changed"
    task.warn(in_turn(people, verb=verb))
    return people


def output_path(job: Job) -> Path:
    """Return the file to write: ``job.output``, or a generated name in that folder.

    Raises:
        UsageError: That is a source photo.
        MediaError: The name depends on the target, which cannot be read.
    """
    path, sources = job.output, source_paths(job)
    if path.is_dir():
        path = named(job, path, same_format_suffix(job.target, job.video))
    for source in sources:
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"the output {path} is a source photo", hint="choose another name")
    return path
