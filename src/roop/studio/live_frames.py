"""Swaps the newest frames of a camera until it ends."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from roop.api import make_job
from roop.errors import CancelledError
from roop.live_options import CameraOptions
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.cameras import Camera
from roop.media.live.jpeg import stalled_jpeg
from roop.media.live.turning import Turning
from roop.options import Job
from roop.pipeline.live.control import LiveChoice, LiveControl, LiveState
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.live.live_job import PATIENCE_S
from roop.pipeline.live.live_stages import LiveStages, stream_live
from roop.pipeline.live.pipelines import LivePipelines
from roop.pipeline.live.requirements import refuse_options_for_files
from roop.pipeline.live.silence import SilenceWatch
from roop.pipeline.live.sinks import SinkThreads
from roop.pipeline.live.statistics import CAMERA, LiveMeter
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.studio.captures import CaptureSink, open_captures
from roop.studio.draft import Draft
from roop.studio.marked_jpeg import JpegMarker
from roop.types import AnalysedFrame, Frame

_SINK = "client"
"""The stage that encodes and sends frames."""


@dataclass(frozen=True, slots=True)
class LiveClient:
    """Who watches a live swap. Everything is called from the swap's threads."""

    on_ready: Callable[[], None]
    """Called when everything is loaded."""
    on_frame: Callable[[bytes | None], None]
    """Receives each finished frame as a JPEG, screened, labelled and marked; None for one that was
    dropped because a newer one came."""
    on_saved: Callable[[str], None]
    """Receives the name of each recording and still that is complete."""


class LiveFrames:
    """A live swap that returns JPEGs.

    Args:
        draft: Faces and options; its target is ignored.
        resources: Networks; a live swap that runs at the same time has others, which share them.
        camera: An open camera.
        client: Who watches.
        wanted: How to turn the frames of a camera of this machine, which is watched for silence.
    """

    def __init__(
        self,
        draft: Draft,
        resources: PipelineResources,
        camera: Camera,
        client: LiveClient,
        *,
        wanted: CameraOptions | None = None,
    ) -> None:
        self._job = _live_job(draft, resources.registry)
        self._resources = resources
        self._client = client
        self._sinks: SinkThreads | None = None
        self._marker = JpegMarker(self._job, resources.settings, resources.registry)
        self._camera = camera
        self._wanted = wanted
        self._ended = threading.Event()
        self._last_time = time.monotonic()
        self._last_frame: Frame | None = None
        self.control = LiveControl()
        """Changes it while it runs."""
        self.meter = LiveMeter()
        """Measures it."""
        self.meter.add_stage(_SINK)

    def run(self, folder: Path, cancel: threading.Event) -> None:
        """Swap until the camera ends.

        Args:
            folder: Where recordings and stills are written.
            cancel: Set it to stop; a recording is completed.

        Raises:
            RefusedError: A photo or a frame is refused; nothing more is shown, and a recording is
                discarded.
            RoopError: It could not be done, or not any longer.
        """
        threads = StageThreads(cancel)
        with ExitStack() as stack:
            pipeline = FramePipeline(self._job, self._resources, cancel=cancel)
            stack.enter_context(pipeline)
            pipeline.screen.wait_for_verdicts(PATIENCE_S)
            pipelines = stack.enter_context(
                LivePipelines(pipeline, self._resources, self.control, threads, PATIENCE_S)
            )
            self._begin(cancel)
            files = open_captures(self._job, self._resources, folder, self.control)
            captures = CaptureSink(files, self.control, self._client.on_saved)
            stack.enter_context(captures)
            self._client.on_ready()
            name, age_s = self._camera.name, self._camera.age_s
            stages = LiveStages(pipelines, name, self.control, self.meter, age_s)
            self._sinks = SinkThreads([captures], threads, self.meter)
            newest: LatestSlot[PlanarFrame] = LatestSlot(threads, self.drop)
            threads.spawn(lambda: self._read(newest, threads), "roop-camera")
            if self._wanted is not None:
                self._last_time = time.monotonic()
                threads.spawn(lambda: self._watch(threads), "roop-silence")
            threads.guard(lambda: stream_live(stages, newest, self, threads))
            try:
                threads.join()
            except CancelledError:  # how a camera is stopped: all that was shown had passed
                self._sinks.finish()

    def choose(self, draft: Draft) -> None:
        """Use other faces, or replace other people, and wait until a frame has them.

        Raises:
            RoopError: They cannot be used; everything stays as it was.
        """
        job = _live_job(draft, self._resources.registry)
        self.control.choose(LiveChoice(job.sources, job.more_sources, job.faces)).result()

    def show(self, analysed: AnalysedFrame) -> None:
        """Take a frame that has passed the screen."""
        began = time.monotonic()
        self._last_frame = analysed.frame
        self.meter.count_shown()
        self._client.on_frame(self._marker.of_frame(analysed.frame))
        if self._sinks is not None:
            self._sinks.show(analysed.frame)
        self.meter.add_time(_SINK, time.monotonic() - began)
        self.meter.add_latency(self._camera.age_s(analysed.frame))

    def close(self) -> None:
        """Take note that no more frames come."""
        self._ended.set()
        if self._sinks is not None:
            self._sinks.close()

    def drop(self) -> None:
        """Report that a frame was dropped."""
        self.meter.drop(CAMERA)
        self._client.on_frame(None)

    def _begin(self, cancel: threading.Event) -> None:
        corner = self._job.label.label_corner
        mirror = self._wanted is not None and self._wanted.mirror
        many = self._job.faces.many_faces
        state = LiveState(many_faces=many, mirror=mirror, label_corner=corner)
        self.control.begin(state, cancel, lambda note: None)

    def _read(self, newest: LatestSlot[PlanarFrame], threads: StageThreads) -> None:
        turning, rotate = Turning(), 0 if self._wanted is None else self._wanted.rotate
        for frame in self._camera.frames(threads.check):
            self._last_time = time.monotonic()
            newest.put(turning.turn(frame, rotate, mirror=self.control.state.mirror))
        newest.close()

    def _watch(self, threads: StageThreads) -> None:
        """Show when the camera sends nothing."""

        def show(text: str) -> None:
            self._client.on_frame(self._marker.marked(stalled_jpeg(self._last_frame, text)))

        watch = SilenceWatch(
            self._camera.name, lambda: time.monotonic() - self._last_time, lambda line: None, show
        )
        watch.run(threads, self._ended)


def _live_job(draft: Draft, registry: Registry) -> Job:
    options = {**draft.options, "label": True}
    if draft.assignments:
        options["map"] = draft.assignments
    sources = draft.sources if options.get("many_faces") or not draft.assignments else ()
    job = make_job(sources, Path("camera"), Path("live"), options, registry)
    refuse_options_for_files(job)
    return job
