"""Swaps the newest frames of a camera until it ends."""

import threading
from collections.abc import Callable
from pathlib import Path

from roop.api import make_job
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.live.cameras import Camera
from roop.options import Job, Settings
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.live.live_job import PATIENCE_S, refuse_options_for_files
from roop.pipeline.live.live_stages import LiveStages, stream_live
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import Registry
from roop.studio.draft import Draft
from roop.studio.marked_jpeg import JpegMarker
from roop.types import AnalysedFrame


class LiveFrames:
    """A live swap that returns JPEGs.

    Args:
        draft: Faces and options; its target is ignored.
        settings: What this machine has.
        registry: The available processors.
        camera: An open camera.
        on_frame: Receives each finished frame, screened, labelled and marked; None for one that
            was dropped because a newer one came.
    """

    def __init__(
        self,
        draft: Draft,
        settings: Settings,
        registry: Registry,
        camera: Camera,
        on_frame: Callable[[bytes | None], None],
    ) -> None:
        self._job = _live_job(draft, registry)
        self._settings = settings
        self._registry = registry
        self._on_frame = on_frame
        self._marker = JpegMarker(self._job, settings, registry)
        self._camera = camera

    def run(self, on_ready: Callable[[], None], cancel: threading.Event) -> None:
        """Swap until the camera ends.

        Args:
            on_ready: Called when everything is loaded.
            cancel: Set it to stop.

        Raises:
            RefusedError: A photo or a frame is refused; nothing more is shown.
            RoopError: It could not be done, or not any longer.
        """
        resources = PipelineResources(self._settings, self._registry)
        with FramePipeline(self._job, resources, cancel=cancel) as pipeline:
            pipeline.screen.wait_for_verdicts(PATIENCE_S)
            on_ready()
            stages = LiveStages(pipeline, self._camera.name, PATIENCE_S)
            threads = StageThreads(cancel)
            newest: LatestSlot[PlanarFrame] = LatestSlot(threads, self.drop)
            threads.spawn(lambda: self._read(newest, threads), "roop-camera")
            threads.guard(lambda: stream_live(stages, newest, self, threads))
            threads.join()

    def show(self, analysed: AnalysedFrame) -> None:
        """Take a frame that has passed the screen."""
        self._on_frame(self._marker.of_frame(analysed.frame))

    def close(self) -> None:
        """Take note that no more frames come."""

    def drop(self) -> None:
        """Report that a frame was dropped."""
        self._on_frame(None)

    def _read(self, newest: LatestSlot[PlanarFrame], threads: StageThreads) -> None:
        for frame in self._camera.frames(threads.check):
            newest.put(frame)
        newest.close()


def _live_job(draft: Draft, registry: Registry) -> Job:
    options = {**draft.options, "label": True}
    if draft.assignments:
        options["map"] = draft.assignments
    sources = draft.sources if options.get("many_faces") or not draft.assignments else ()
    job = make_job(sources, Path("camera"), Path("live"), options, registry)
    refuse_options_for_files(job)
    return job
