"""The pipeline of one job: every frame is screened, changed, marked and written."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import CancelledError
from roop.faces.recognition.descriptor import FARTHEST, Descriptor
from roop.faces.tracking.person_counter import PersonCounter
from roop.faces.tracking.selection import FaceSelector, KnownPeople, LargestFace
from roop.media.base import Reader, Writer
from roop.options import Job
from roop.pipeline.people.face_mapping import find_people
from roop.pipeline.progress import FrameCounts, Meter, Progress, Watch
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_stages import FrameStages
from roop.pipeline.stages.resources import Fetching, PipelineResources
from roop.pipeline.stages.stats import JobStats
from roop.provenance.label import Label
from roop.provenance.watermark import Watermark
from roop.safety.samples import Sampler
from roop.safety.screen import Screen
from roop.types import AnalysedFrame, Frame, Warn


def _no_lead(frame: Frame) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """The frames of one run through a pipeline: those of a target, or of one of its segments."""

    reader: Reader
    """Where the frames come from."""
    open_writer: Callable[[], AbstractContextManager[Writer]]
    """Opens the writer, in the thread that writes, once the frames of the lead have been processed;
    the writer is closed when all frames have passed the screen."""
    on_done: Callable[[JobStats], None]
    """Receives the stats, in that thread, once the writer is closed."""
    label: Label | None
    """The visible label, if any."""
    lead: Callable[[Frame], int] = _no_lead
    """Returns how many frames are left, with this one, before the first that is written."""
    chosen: Descriptor | None = None
    """The person who was chosen just before the first frame, if that is known."""


class FramePipeline(Closing):
    """The screen, the networks and the processors of one job."""

    def __init__(
        self,
        job: Job,
        resources: PipelineResources,
        *,
        cancel: threading.Event,
        watch: Watch | None = None,
        single: bool = False,
    ) -> None:
        """Prepare; entering the context loads what the job needs.

        Args:
            job: What to do.
            resources: Networks and sources, kept from earlier jobs.
            cancel: Set to cancel the job.
            watch: Receives the progress of downloads.
            single: The job replaces one face in one photo.
        """
        self.job = job
        """What to do."""
        self.cancel = cancel
        """Set to stop."""
        self._resources = resources
        self._fetching = _download_reporter(cancel, watch)
        self._single = single
        self._stack = ExitStack()
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        self.warn: Warn = self._warnings.setdefault
        """Takes a warning for the result; one that is repeated counts once."""

    @override
    def __enter__(self) -> Self:
        resources, job = self._resources, self.job
        with ExitStack() as stack:
            self.screen = stack.enter_context(Screen(resources.classifiers, self.cancel))
            """Judges the photos and frames."""
            self._models = resources.models(self.warn, self._fetching)
            self.analyser = resources.analyser(job, self._models)
            """Finds the faces."""
            self._sources = resources.sources(job, self.analyser, self.screen, self.warn)
            built = resources.processors(
                job, self._sources, self.warn, self._fetching, single=self._single
            )
            self.processors = built.processors
            """Change the frames, in order."""
            self._used = built.used
            photos, people = self._sources.photos, self._sources.identities
            self._mapping = find_people(job, people, photos, self.analyser, self.cancel)
            self.watermark = Watermark()
            """Marks the changed faces."""
            stack.callback(self._end_job)
            self._stack = stack.pop_all()
        return self

    @override
    def close(self) -> None:
        """End the screen, and leave the resources ready for the next job."""
        self._stack.close()

    def run(self, reader: Reader, writer: Writer, meter: Meter, *, label: Label | None) -> JobStats:
        """Bring all frames of ``reader`` into ``writer``, which is still open in the end.

        Args:
            reader: Where they come from.
            writer: Where they go.
            meter: Counts them.
            label: The visible label, if any.
        """
        all_stats: list[JobStats] = []
        run = PipelineRun(reader, lambda: nullcontext(writer), all_stats.append, label)
        self.start(run, meter).join()
        return all_stats[0]

    def start(
        self, run: PipelineRun, meter: Meter, *, after: StageThreads | None = None
    ) -> StageThreads:
        """Process all frames of a run, independent of earlier runs.

        Args:
            run: Where the frames come from and go.
            meter: Counts them.
            after: Stages that must have written everything before this run writes.

        Returns:
            The stages, while the last frames are still being written; to be joined.
        """
        sampler = self.screen.new_sampler()
        for note in self.notes():
            meter.note(note)
        for processor in self.processors:
            processor.reset()
        selector = self.selector(run.chosen)
        people = PersonCounter(selector) if isinstance(selector, LargestFace) else None
        stages = FrameStages(
            run.reader,
            self.screen,
            self.analyser.tracker(selector),
            self.processors,
            self.watermark,
            run.label,
            batch=self._batch(run.reader.info.size),
            without_face=self.job.faces.if_no_face,
            lead=run.lead,
            people=people,
        )

        def write(frames: Iterable[AnalysedFrame]) -> None:
            if after is not None:
                after.join()
            before = meter.counts
            stages.write(frames, run.open_writer, meter)
            stats = self._stats(run, meter.counts - before, sampler, selector)
            run.on_done(stats + JobStats(people=people.counts if people else ()))

        return stages.start(write, self.cancel)

    def selector(self, chosen: Descriptor | None = None) -> FaceSelector:
        """Return a new face selector for one stream of frames.

        Args:
            chosen: The person who was chosen just before the stream, if that is known.
        """
        return self._mapping.selector(self.job.faces, self.analyser, chosen)

    @property
    def scale(self) -> int:
        """Factor by which the job enlarges frames."""
        return self._resources.registry.scale(self.job.steps)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings so far."""
        return tuple(self._warnings)

    @property
    def providers(self) -> tuple[str, ...]:
        """Execution providers of the job's networks."""
        used = (*self._models.used, *self._used)
        return tuple(dict.fromkeys(model.provider for model in used))

    def notes(self) -> Iterator[str]:
        """Yield messages for the start of a job: providers and warnings so far."""
        for used in dict.fromkeys((*self._models.used, *self._used)):
            yield f"{used.name} on {used.provider}"
        for warning in self._warnings:
            yield f"warning: {warning}"

    def _stats(
        self, run: PipelineRun, counts: FrameCounts, sampler: Sampler, selector: FaceSelector
    ) -> JobStats:
        return JobStats(
            counts=counts,
            damaged=run.reader.damaged,
            photos=self._sources.photos.count,
            screened=sampler.selected,
            nearest=selector.nearest_distance if isinstance(selector, KnownPeople) else FARTHEST,
            providers=self.providers,
            warnings=self.warnings,
            sources=self._sources.photos.judged,
        )

    def _end_job(self) -> None:
        """Leave the resources ready for the next job, which need not screen the photos again."""
        if self.screen.passed:
            self._sources.passed = True
        self._resources.end_job()

    def _batch(self, size: tuple[int, int]) -> int:
        """Return how many frames of ``size`` the processors get at once.

        As many as they gain from, as far as an eighth of the job's memory holds them.
        """
        settings = self._resources.settings
        wanted = self._resources.registry.batch_size(self.job.steps, settings)
        if settings.max_memory is None:
            return wanted
        fitting = int(settings.max_memory * 1e9 / 8) // (size[0] * size[1] * 3)
        return max(1, min(wanted, fitting))


def _download_reporter(cancel: threading.Event, watch: Watch | None) -> Fetching:
    """Return what reports a download, and stops it if the job is cancelled.

    It does not belong to the pipeline: a cycle would keep its networks until garbage is collected.
    """

    def report(name: str, done: int, total: int | None) -> None:
        if cancel.is_set():
            raise CancelledError("cancelled")
        if watch is not None:
            activity = f"fetching {name}, {done / 1e6:.0f} of {(total or 0) / 1e6:.0f} MB"
            watch(Progress(0, None, 0, 0, 0.0, activity=activity))

    return report
