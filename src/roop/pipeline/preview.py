"""Swap a single frame of a target, as a preview of a job."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from roop.errors import MediaError
from roop.geometry import bounds
from roop.media.open import open_reader
from roop.options import Job
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.processors.base import run_processor
from roop.provenance.label import Label
from roop.types import AnalysedFrame, Box, Face, Frame, Pixels

_PATIENCE_S = 15.0
"""How long the screen may take for a verdict."""


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """One frame of a target, before and after."""

    before: Pixels
    """``(H, W, 3)`` RGB, upright."""
    after: Pixels
    """The same frame changed and labelled; larger if the job enlarges frames."""
    time_s: float
    """Seconds from the beginning of the target."""
    faces: tuple[Box, ...]
    """Where faces were replaced, in pixels of ``before``."""
    seen: int
    """Faces that are visible, replaced or not."""
    warnings: tuple[str, ...]


def preview_frame(
    job: Job, resources: PipelineResources, time_s: float, cancel: threading.Event
) -> Preview:
    """Swap the frame that is shown at ``time_s``.

    Args:
        job: What to do; its output is not used.
        resources: Networks and sources, kept from earlier jobs.
        time_s: Seconds from the beginning of the target.
        cancel: Set it to stop.

    Raises:
        RefusedError: The frame or a photo is refused: nothing of it is returned.
        RoopError: It could not be done.
    """
    video = job.video.model_copy(update={"start": time_s or None, "end": None, "fps": None})
    label = job.label.model_copy(update={"label": True, "label_seconds": None})
    with FramePipeline(job, resources, cancel=cancel) as pipeline:
        with open_reader(job.target, video, pipeline.warn) as reader:
            frame = next(iter(reader), None)
            if frame is None:
                raise MediaError(f"{job.target} shows nothing at {time_s:g} s")
            before = frame.crop(Box(0, 0, *frame.size))
            analysed = _changed(pipeline, frame, job, still=reader.info.kind == "image")
        Label(label).stamp(analysed.frame)
        pipeline.watermark.stamp(analysed.frame, analysed.faces)
        pipeline.screen.wait_for_verdicts(_PATIENCE_S)
        return Preview(
            before,
            analysed.frame.crop(Box(0, 0, *analysed.frame.size)),
            float(frame.pts * frame.time_base),
            tuple(_box(face, before) for face in analysed.faces),
            analysed.faces_in_sight,
            pipeline.warnings,
        )


def _changed(pipeline: FramePipeline, frame: Frame, job: Job, *, still: bool) -> AnalysedFrame:
    """Screen the frame, and return it as the pipeline changes it, without any frame before it."""
    screen = pipeline.screen
    submitted = screen.submit_frame(frame, str(job.target), still=still)
    for processor in pipeline.processors:
        processor.reset()
    tracker = pipeline.analyser.tracker(pipeline.selector())
    faces = tracker.update(frame)
    changed: Sequence[AnalysedFrame] = [
        AnalysedFrame(frame, faces, max(tracker.faces_in_sight, len(faces)))
    ]
    screen.submit_closer(submitted, frame, faces)
    for processor in pipeline.processors:
        changed = run_processor(processor, changed)
    screen.submit_changed(submitted, changed[0].frame)
    return changed[0]


def _box(face: Face, picture: Pixels) -> Box:
    height, width = picture.shape[:2]
    return bounds(face.mesh[:, :2]).clipped((width, height))
