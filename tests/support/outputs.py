"""Real jobs with a plug-in that paints a grey square instead of swapping."""

import io
from collections.abc import Sequence
from pathlib import Path

import c2pa
import numpy as np

from roop.options import Job, Options, Settings, Step
from roop.pipeline.job import JobResult, run_job
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.types import AnalysedFrame, Box

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


class Painter(Processor):
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            square = np.full((40, 40, 3), 90, np.uint8)
            analysed.frame.paste(Box(60, 60, 100, 100), square, np.full((40, 40), 255, np.uint8))
        return analysed_frames


def registry() -> Registry:
    def build(options: Options, context: Context) -> Painter:
        return Painter()

    return Registry([ProcessorSpec("painter", "", Options, build, engine=True)])


def make(
    source: Path, target: Path, output: Path, settings: Settings | None = None, **options: object
) -> JobResult:
    files = {"sources": (source,), "target": target, "output": output}
    job = Job.model_validate({**files, "steps": (Step(processor="painter"),), **options})
    return run_job(job, settings or Settings(), registry())


def store(content: bytes) -> tuple[str | None, str]:
    """Return validation state and manifest store, as read by C2PA's own reader."""
    with c2pa.Reader(None, io.BytesIO(content)) as reader:
        return reader.get_validation_state(), reader.json()
