"""One live swap, from the camera to its viewers."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from roop.errors import CancelledError, UsageError
from roop.live_options import LiveOptions
from roop.media.base import Marks
from roop.media.files.output_file import OutputFile
from roop.media.live.files import LiveFiles
from roop.media.live.modes import USUAL_FPS
from roop.media.live.page import LivePage
from roop.media.live.sink import FrameSink
from roop.media.live.virtual_camera import VirtualCamera, find_virtual_camera
from roop.media.pictures.frame_file import write_frame
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Job, LabelOptions, Settings
from roop.pipeline.live.camera_feed import CameraFeed
from roop.pipeline.live.control import LiveControl, LiveState
from roop.pipeline.live.live_stages import Hold, LiveStages, stream_live
from roop.pipeline.live.pipelines import LivePipelines
from roop.pipeline.live.prometheus import prometheus_text
from roop.pipeline.live.recording import MadeWith, Recording
from roop.pipeline.live.requirements import refuse_options_for_files
from roop.pipeline.live.sinks import PageSink
from roop.pipeline.live.statistics import CAMERA, LiveMeter, LiveStatistics
from roop.pipeline.live.viewers import LiveReport, LiveViewers
from roop.pipeline.progress import Watch
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.provenance.marks import make_statement
from roop.provenance.xmp import new_packet
from roop.types import Frame, Warn

PATIENCE_S = 15.0
"""How long the screen may take for a verdict. Nothing is shown meanwhile; then the stream ends."""

NO_PAGE = "none"
"""Instead of an address: no page."""


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
    statistics: LiveStatistics
    """Rate, latency and dropped frames of each stage, as they were in the end."""
    elapsed_s: float
    """Since the first frame was awaited."""
    recorded: Path | None
    """The recording that was asked for at first."""
    saved: tuple[Path, ...]
    """All recordings and snapshots."""
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
    control: LiveControl = field(default_factory=LiveControl)
    """Changes it while it runs."""
    patience_s: float = PATIENCE_S
    sinks: tuple[FrameSink, ...] = ()
    """Further viewers, which their owner closes."""


def run_live(task: LiveTask) -> LiveResult:
    """Swap what a camera shows until it ends or the person stops it.

    Raises:
        RoopError: It could not be done, or not any longer; nothing is recorded then.
    """
    refuse_options_for_files(task.job)
    live = task.live
    shown = live.serve != NO_PAGE or live.virtual_camera is not None or task.sinks
    if not shown and live.record_video is None:
        raise UsageError(
            "without a page, a recording and a virtual camera nobody sees anything",
            hint="leave [[serve]] out, or add [[record_video=FILE]]",
        )
    if live.more_faces and task.job.faces.mapped:
        raise UsageError("[[more_faces]] has no effect with a mapping", hint="leave one out")
    job = task.job.model_copy(
        update={"label": _labelled(task.job.label), "more_sources": live.more_faces}
    )
    return _LiveRun(replace(task, job=job)).run()


class _LiveRun:
    """One live swap."""

    def __init__(self, task: LiveTask) -> None:
        self._task = task
        self._meter = LiveMeter()
        self._report = LiveReport(task.watch, self._meter)
        self._threads = StageThreads(task.cancel)
        self._warnings: dict[str, None] = {}  # a set that keeps its order
        engine = task.job.steps[0].processor
        models = task.registry.models(task.job.steps, task.settings)
        used = (*embedded_models(ModelFolder(task.settings)), *models)
        self._made_with = MadeWith(engine, used, task.registry[engine].engine)

    def run(self) -> LiveResult:
        """Run until the camera ends or the person stops it."""
        warn, task = self._warnings.setdefault, self._task
        marks = self._made_with.marks(task.settings, warn)
        with ExitStack() as stack:
            files = stack.enter_context(self._files(marks))
            page = _page(task, warn, self._metrics, stack)
            virtual = _virtual_camera(task.live, stack)
            resources = PipelineResources(task.settings, task.registry)
            pipeline = FramePipeline(task.job, resources, cancel=task.cancel, watch=task.watch)
            pipelines = stack.enter_context(
                LivePipelines(pipeline, resources, task.control, self._threads, task.patience_s)
            )
            task.control.begin(_first_state(task), task.cancel, self._report.note)
            feed = CameraFeed(
                task.live, self._threads, self._meter, task.control, self._report.note
            )
            self._threads.spawn(feed.run, "roop-camera")
            sinks = [
                *task.sinks,
                *self._page_sinks(feed, page),
                files,
                *([virtual] if virtual else []),
            ]
            viewers: list[LiveViewers] = []
            self._threads.guard(
                lambda: self._swap(stack.enter_context(pipeline), pipelines, feed, sinks, viewers)
            )
            try:
                self._threads.join()
            except CancelledError:  # how a camera is stopped: all that was shown had passed
                if not self._report.shown:
                    raise
                viewers[0].finish()
            files.commit()  # before the page and the camera are closed: nothing may hold it up
        return self._result(feed.name, files.saved, pipeline)

    def _swap(
        self,
        pipeline: FramePipeline,
        pipelines: LivePipelines,
        feed: CameraFeed,
        sinks: Sequence[FrameSink],
        viewers: list[LiveViewers],
    ) -> None:
        """Swap with the networks of ``pipeline``, and put what shows the frames in ``viewers``."""
        self._threads.check()  # the camera may have failed meanwhile
        for note in (*pipeline.notes(), *(f"warning: {text}" for text in self._warnings)):
            self._report.note(note)
        for sink in sinks:
            if isinstance(sink, PageSink):
                self._report.note(f"look at {sink.url}")
        viewers.append(LiveViewers(sinks, self._threads, self._meter, self._report, feed))
        feed.start_processing()
        task = self._task
        stages = LiveStages(pipelines, feed.name, task.control, self._meter, feed.age_s)
        hold = Hold(task.live.delay / 1000, feed.age_s) if task.live.delay else None
        stream_live(stages, feed.frames, viewers[0], self._threads, hold)

    def _page_sinks(self, feed: CameraFeed, page: LivePage | None) -> list[FrameSink]:
        if page is None:
            return []
        made_with = self._made_with
        statement = make_statement(made_with.engine, made_with.models, swaps=made_with.swaps)
        packet = new_packet(statement)
        return [PageSink(page, packet, lambda frame: self._meter.add_latency(feed.age_s(frame)))]

    def _files(self, marks: Marks) -> LiveFiles:
        """Return what records and takes snapshots.

        Raises:
            UsageError: The recording exists, or cannot have this name.
        """
        task, path = self._task, self._task.live.record_video
        control = task.control

        def open_recorder(path: Path) -> Recording:
            return Recording(
                path,
                task.job.video,
                force=task.job.force,
                made_with=self._made_with,
                settings=task.settings,
                marks=marks,
            )

        def save_image(path: Path, frame: Frame) -> None:
            with OutputFile(path, force=False, marks=marks) as file:
                write_frame(file.part, frame, quality=0)

        return LiveFiles(
            None if path is None else open_recorder(path),
            path,
            open_recorder,
            save_image=save_image,
            wanted=lambda: (control.state.recording, control.state.snapshots),
            note=self._report.note,
        )

    def _metrics(self) -> str:
        return prometheus_text({"": self._meter.statistics()})

    def _result(self, camera: str, saved: list[Path], pipeline: FramePipeline) -> LiveResult:
        now, report = self._meter.statistics(), self._report
        return LiveResult(
            camera=camera,
            shown=report.shown,
            swapped=report.swapped,
            dropped=self._meter.dropped(CAMERA),
            latency_ms=now.latency_ms,
            statistics=now,
            elapsed_s=time.monotonic() - report.began,
            recorded=self._task.live.record_video,
            saved=tuple(saved),
            engine=self._made_with.engine,
            models=self._made_with.models,
            providers=pipeline.providers,
            warnings=tuple(dict.fromkeys((*self._warnings, *pipeline.warnings))),
        )


def _labelled(options: LabelOptions) -> LabelOptions:
    """Return the options of a label that is always there."""
    return options.model_copy(update={"label": True, "label_seconds": None})


def _first_state(task: LiveTask) -> LiveState:
    return LiveState(
        faces=1 + len(task.live.more_faces),
        many_faces=task.job.faces.many_faces,
        mirror=task.live.mirror,
        label_corner=task.job.label.label_corner,
        recording=task.live.record_video is not None,
    )


def _page(
    task: LiveTask, warn: Warn, metrics: Callable[[], str], stack: ExitStack
) -> LivePage | None:
    if task.live.serve == NO_PAGE:
        return None
    return stack.enter_context(LivePage(task.live.serve, warn, metrics=metrics))


def _virtual_camera(live: LiveOptions, stack: ExitStack) -> VirtualCamera | None:
    if live.virtual_camera is None:
        return None
    found = find_virtual_camera(live.virtual_camera)
    return stack.enter_context(VirtualCamera(found, live.camera_fps or USUAL_FPS))
