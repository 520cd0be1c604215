"""What one process needs to work on the frames of a job: built once, used for every segment."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from roop.errors import CancelledError
from roop.faces.analyser import Analyser
from roop.faces.recognition.descriptor import FARTHEST, Descriptor
from roop.faces.tracking.choice import Wanted
from roop.media.base import Reader, Writer
from roop.models.loader import Models
from roop.options import Job, Settings
from roop.pipeline.live.live_stages import LiveStages
from roop.pipeline.people.face_mapping import resolve_mapping
from roop.pipeline.progress import Meter, Progress, Watch
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_stages import FrameStages, begin
from roop.pipeline.stages.stats import JobStats
from roop.processors.base import Context, Registry
from roop.provenance.label import Label
from roop.provenance.watermark import Watermark
from roop.safety.screen import Screen
from roop.types import AnalysedFrame, Frame, Warn


def _no_lead(frame: Frame) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a job, or all of it."""

    reader: Reader
    """Where the frames come from."""
    output: Callable[[], AbstractContextManager[Writer]]
    """Opens the writer that they go to, in the thread that writes, when those that lead up to them
    have been looked at; it is left when they have passed the screen."""
    done: Callable[[JobStats], None]
    """Told in that thread what was done, when the writer has been left."""
    label: Label | None
    """What people can see."""
    lead: Callable[[Frame], int] = _no_lead
    """Tells how many frames, with this one, only lead up to those that are written."""
    looks: Descriptor | None = None
    """Those of who was chosen just before the first frame, if that is known."""


class FramePipeline:
    """The screen, the networks and the processors of one job. A context manager."""

    def __init__(
        self,
        job: Job,
        settings: Settings,
        registry: Registry,
        *,
        cancel: threading.Event,
        watch: Watch | None = None,
        single: bool = False,
    ) -> None:
        """Prepare to work; entering loads what it takes.

        Args:
            job: What to do.
            settings: What this machine has.
            registry: The processors.
            cancel: Set when the person wants to stop.
            watch: Told of downloads.
            single: One face of one picture is all there is to do.
        """
        self.job = job
        """What to do."""
        self._settings = settings
        self._registry = registry
        self.cancel = cancel
        """Set to stop."""
        self._watch = watch
        self._single = single
        self._stack = ExitStack()
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        self.warn: Warn = self._warnings.setdefault
        """Takes what there is to say of the job."""

    @property
    def scale(self) -> int:
        """How many times as wide and as high frames become."""
        return self._registry.scale(self.job.steps)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._screen = stack.enter_context(Screen(self._settings, self.cancel))
            self._models = Models(self._settings, warn=self.warn, fetching=self._fetching)
            self.analyser = Analyser(self._settings, self.job.faces, models=self._models)
            """Owns the networks that find faces."""
            self._cast = resolve_mapping(
                self.job, self.analyser, self._screen, warn=self.warn, cancel=self.cancel
            )
            context = Context(
                self._settings, self._cast.identities, self._models, single=self._single
            )
            self._processors = self._registry.build(self.job.steps, context)
            self._watermark = Watermark()
            self._photos = self._screen.shown
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def run(self, reader: Reader, writer: Writer, meter: Meter, *, label: Label | None) -> JobStats:
        """Bring all frames of ``reader`` into ``writer``, which is still open in the end.

        Args:
            reader: Where they come from.
            writer: Where they go.
            meter: Counts them.
            label: What people can see.
        """
        all_stats: list[JobStats] = []
        part = Part(reader, lambda: nullcontext(writer), all_stats.append, label)
        self.begin(part, meter).join()
        return all_stats[0]

    def begin(self, part: Part, meter: Meter, *, after: StageThreads | None = None) -> StageThreads:
        """Work on all frames of a part; nothing done before shows in them.

        Args:
            part: Which.
            meter: Counts them.
            after: What is written first; none of this is before all of that.

        Returns:
            What still writes the last of them; to be joined.
        """
        reader, sampler = part.reader, self._screen.start_afresh()
        for note in self.notes():
            meter.say(note)
        for processor in self._processors:
            processor.reset()
        choice = self._cast.choice(self.job.faces, self.analyser, part.looks)
        line = FrameStages(
            reader,
            self._screen,
            self.analyser.tracker(choice),
            self._processors,
            self._watermark,
            part.label,
            part.output,
            at_once=self._at_once(reader.info.size),
            without_face=self.job.faces.if_no_face,
            lead=part.lead,
        )

        def write(scenes: Iterable[AnalysedFrame]) -> None:
            if after is not None:
                after.join()
            start = meter.now()
            line.write(scenes, meter)
            end = meter.now()
            stats = JobStats(
                frames=end.frames - start.frames,
                swapped=end.swapped - start.swapped,
                faces=end.faces - start.faces,
                seen=end.seen - start.seen,
                damaged=reader.damaged,
                photos=self._photos,
                screened=sampler.wanted,
                nearest=choice.nearest if isinstance(choice, Wanted) else FARTHEST,
                providers=self.providers,
                warnings=self.warnings,
            )
            part.done(stats)

        return begin(line, write, self.cancel)

    def live(self, name: str, *, patience_s: float) -> LiveStages:
        """Return what the frames of a camera pass.

        Args:
            name: What to call the camera.
            patience_s: How long the screen may take for a verdict.
        """
        return LiveStages(
            name,
            self._screen,
            lambda: self.analyser.tracker(self._cast.choice(self.job.faces, self.analyser)),
            self._processors,
            self._watermark,
            self.job.label,
            patience_s,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to say of the job."""
        return tuple(self._warnings)

    @property
    def providers(self) -> tuple[str, ...]:
        """What the processors' networks run on."""
        return tuple(dict.fromkeys(used.provider for used in self._models.used))

    def _at_once(self, size: tuple[int, int]) -> int:
        """Return how many frames of ``size`` the processors get together.

        What they want, as far as an eighth of the memory that the job may take holds them.
        """
        wanted = self._registry.batch(self.job.steps, self._settings)
        if self._settings.max_memory is None:
            return wanted
        fitting = int(self._settings.max_memory * 1e9 / 8) // (size[0] * size[1] * 3)
        return max(1, min(wanted, fitting))

    def notes(self) -> Iterator[str]:
        """Yield what should be known now, not after hours of work."""
        for used in self._models.used:
            yield f"{used.name} on {used.provider}"
        for warning in self._warnings:
            yield f"warning: {warning}"

    def _fetching(self, name: str, done: int, total: int | None) -> None:
        """Tell the watcher of a download, and stop it if the person wants to stop."""
        if self.cancel.is_set():
            raise CancelledError("cancelled")
        if self._watch is not None:
            activity = f"fetching {name}, {done / 1e6:.0f} of {(total or 0) / 1e6:.0f} MB"
            self._watch(Progress(0, None, 0, 0, 0.0, activity=activity))
