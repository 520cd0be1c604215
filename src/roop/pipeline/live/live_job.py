"""One live swap, from the camera to its viewers."""

import threading
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from roop.errors import CancelledError, UsageError
from roop.media.base import Marks
from roop.media.live.cameras import Camera, open_camera
from roop.media.live.page import LivePage, encode_jpeg
from roop.media.live.recorder import LiveRecorder
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import (
    FILES_ONLY,
    FaceOptions,
    FrameOptions,
    Job,
    LabelOptions,
    LiveOptions,
    Settings,
    VideoOptions,
)
from roop.pipeline.live.live_stages import LiveStages, stream_live
from roop.pipeline.people.mapping_file import assignments_of
from roop.pipeline.progress import Progress, Watch
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.provenance.marks import make_marks, make_statement
from roop.provenance.xmp import merge_statement
from roop.provenance.xmp_files import jpeg_with_xmp
from roop.types import AnalysedFrame, Warn

PATIENCE_S = 15.0
"""How long the screen may take for a verdict. Nothing is shown meanwhile; then the stream ends."""

NO_PAGE = "none"
"""Instead of an address: no page."""

_LATENCIES = 300
"""Frames over which the latency is measured."""

_PERIOD_S = 0.1
"""Least time between two reports."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What came of a live swap."""

    camera: str
    shown: int
    """Frames that were shown."""
    swapped: int
    """Frames of those in which at least one face was replaced."""
    dropped: int
    """Frames of the camera that were skipped because newer ones had come."""
    latency_ms: float | None
    """Median over the last 300 frames, from the camera to the viewers."""
    elapsed_s: float
    """Since the first frame was awaited."""
    recorded: Path | None
    engine: str
    models: tuple[str, ...]
    """The networks that made it, by their names in the catalogue."""
    providers: tuple[str, ...]
    """What the processors' networks really ran on; empty if they have none of their own."""
    warnings: tuple[str, ...]
    """Plain sentences, each once."""


@dataclass(frozen=True, slots=True)
class LiveTask:
    """Everything that a live swap needs."""

    job: Job
    """Who is swapped and how; its target and output are not used."""
    live: LiveOptions
    settings: Settings
    registry: Registry
    watch: Watch | None = None
    """Receives the progress a few times a second, and notes at once."""
    cancel: threading.Event = field(default_factory=threading.Event)
    """Set to end it; what was recorded until then is kept."""
    patience_s: float = PATIENCE_S


def run_live(task: LiveTask) -> LiveResult:
    """Swap what a camera shows until it ends or the person stops it.

    Raises:
        RoopError: It could not be done, or not any longer; nothing is recorded then.
    """
    _refuse_options_for_files(task.job)
    if task.live.serve == NO_PAGE and task.live.record_video is None:
        raise UsageError(
            "without a page and a recording nobody sees anything",
            hint="leave [[serve]] out, or add [[record_video=FILE]]",
        )
    job = task.job.model_copy(update={"label": _labelled(task.job.label)})
    engine, folder = job.steps[0].processor, ModelFolder(task.settings)
    models = (*embedded_models(folder), *task.registry.models(job.steps, task.settings))
    warnings: dict[str, None] = {}  # a set that keeps its order
    warn, swaps = warnings.setdefault, task.registry[engine].engine
    marks = make_marks(engine, models, task.settings, warn, swaps=swaps, labelled=True)
    packet = merge_statement(b"", make_statement(engine, models, swaps=swaps), 60_000, warn)
    with ExitStack() as stack:
        recorder = _recorder(task, marks, stack)
        page = _page(task, warn, stack)
        pipeline = stack.enter_context(
            FramePipeline(
                job,
                PipelineResources(task.settings, task.registry),
                cancel=task.cancel,
                watch=task.watch,
            )
        )
        output = _Viewers(page, recorder, packet, task.watch)
        camera = stack.enter_context(
            open_camera(task.live.input, output.note, size=task.live.camera_size)
        )
        for note in (*pipeline.notes(), *(f"warning: {warning}" for warning in warnings)):
            output.note(note)
        if page is not None:
            output.note(f"look at {page.url}")
        stages = LiveStages(pipeline, camera.name, task.patience_s)
        try:
            stream_live(stages, camera, output, task.cancel)
        except CancelledError:  # how a camera is stopped: all that was shown had passed the screen
            if not output.shown:
                raise
    return LiveResult(
        camera=camera.name,
        shown=output.shown,
        swapped=output.swapped,
        dropped=output.dropped,
        latency_ms=output.latency_ms,
        elapsed_s=time.monotonic() - output.began,
        recorded=None if recorder is None else task.live.record_video,
        engine=engine,
        models=models,
        providers=pipeline.providers,
        warnings=tuple(dict.fromkeys((*warnings, *pipeline.warnings))),
    )


class _Viewers:
    """Shows and records finished frames, and reports progress. Implements ``LiveOutput``."""

    def __init__(
        self,
        page: LivePage | None,
        recorder: LiveRecorder | None,
        packet: bytes,
        watch: Watch | None,
    ) -> None:
        self.shown = self.swapped = self.dropped = 0
        self.began = time.monotonic()
        self._page = page
        self._recorder = recorder
        self._packet = packet
        self._watch = watch
        self._faces = 0
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._reported = float("-inf")

    @property
    def latency_ms(self) -> float | None:
        """Median from a frame's arrival to its showing, None before the first."""
        return round(median(self._latencies) * 1000, 1) if self._latencies else None

    def show(self, analysed: AnalysedFrame, camera: Camera) -> None:
        """Show a frame that has passed the screen."""
        if not self.shown:
            self.began = time.monotonic()
        if self._page is not None and self._page.viewers:
            jpeg = encode_jpeg(analysed.frame)
            self._page.show(jpeg_with_xmp(jpeg, lambda packet, room: self._packet))
        self._latencies.append(camera.age_s(analysed.frame))
        if self._recorder is not None:
            self._recorder.write(analysed.frame)
        self.shown += 1
        self.swapped += bool(analysed.faces)
        self._faces += len(analysed.faces)
        if time.monotonic() - self._reported >= _PERIOD_S:
            self._reported = time.monotonic()
            viewers = f", {self._page.viewers} watching" if self._page is not None else ""
            self._report(
                activity=f"live, {self.latency_ms:.0f} ms late, {self.dropped} dropped" + viewers
            )

    def drop(self) -> None:
        """Count a frame of the camera for which there was no time."""
        self.dropped += 1

    def note(self, note: str) -> None:
        """Report something at once."""
        self._report(note=note)

    def _report(self, *, note: str | None = None, activity: str | None = None) -> None:
        if self._watch is not None:
            elapsed = time.monotonic() - self.began if self.shown else 0.0
            self._watch(
                Progress(
                    self.shown,
                    None,
                    self.swapped,
                    self._faces,
                    elapsed,
                    note=note,
                    activity=activity,
                )
            )


def _labelled(options: LabelOptions) -> LabelOptions:
    """Return the options of a label that is always there."""
    return options.model_copy(update={"label": True, "label_seconds": None})


def _recorder(task: LiveTask, marks: Marks, stack: ExitStack) -> LiveRecorder | None:
    if task.live.record_video is None:
        return None
    return stack.enter_context(
        LiveRecorder(task.live.record_video, task.job.video, force=task.job.force, marks=marks)
    )


def _page(task: LiveTask, warn: Warn, stack: ExitStack) -> LivePage | None:
    if task.live.serve == NO_PAGE:
        return None
    return stack.enter_context(LivePage(task.live.serve, warn))


def _refuse_options_for_files(job: Job) -> None:
    """Refuse options that a camera has no use for.

    Raises:
        UsageError: There is one.
    """
    values = {**dict(job.faces), **dict(job.video), **dict(job.label), **dict(job.frames)}
    defaults = {
        name: field.default
        for options in (FaceOptions, VideoOptions, LabelOptions, FrameOptions)
        for name, field in options.model_fields.items()
    }
    given = [name for name in sorted(FILES_ONLY) if values[name] != defaults[name]]
    given += ["record"] if job.record else []
    if given:
        raise UsageError(f"[[{given[0]}]] has no effect on a camera", hint="leave it out")
    pointed = any(person.position is not None for person in assignments_of(job.faces))
    if job.faces.by_position or pointed:
        raise UsageError(
            "a camera has no frame in which to point at a person",
            hint="[[reference=PHOTO]] or [[map=SOURCE=PHOTO]] says who is replaced",
        )
