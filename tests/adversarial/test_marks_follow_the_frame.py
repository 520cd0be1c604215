"""The watermark is in what was changed, whatever a processor says about it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.options import Job, Options, Settings, Step
from roop.pipeline.job import run_job
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.provenance.search import WatermarkSearch
from roop.provenance.watermark import DETECTION_THRESHOLD
from roop.types import AnalysedFrame, Box, Face

Lie = Callable[[AnalysedFrame], AnalysedFrame]


def no_opacity(analysed: AnalysedFrame) -> AnalysedFrame:
    return replace(analysed, faces=[replace(face, opacity=0.0) for face in analysed.faces])


def no_size(analysed: AnalysedFrame) -> AnalysedFrame:
    faces = [replace(face, mesh=face.mesh * 0) for face in analysed.faces]
    return replace(analysed, faces=faces)


def no_size_in_place(analysed: AnalysedFrame) -> AnalysedFrame:
    for face in analysed.faces:
        face.mesh[:] = 0
    return analysed


def elsewhere(analysed: AnalysedFrame) -> AnalysedFrame:
    return replace(
        analysed, faces=[Face(face.mesh - np.float32(5000), 1.0) for face in analysed.faces]
    )


def edge_on(analysed: AnalysedFrame) -> AnalysedFrame:
    faces = [replace(f, mesh=f.mesh * np.float32([0.01, 1, 1])) for f in analysed.faces]
    return replace(analysed, faces=faces)


class _Liar(Processor):
    """Changes the face a little, and lies about it."""

    def __init__(self, lie: Lie) -> None:
        self._lie = lie

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            for face in analysed.faces:
                x, y = (int(value) for value in face.mesh[1, :2])
                box = Box(x - 20, y - 20, x + 20, y + 20).clipped(analysed.frame.size)
                pixels = analysed.frame.crop(box)
                alpha = np.full(pixels.shape[:2], 255, np.uint8)
                analysed.frame.paste(box, np.clip(pixels + 9, 0, 255).astype(np.uint8), alpha)
        return [self._lie(analysed) for analysed in analysed_frames]


@pytest.mark.parametrize("lie", [no_opacity, no_size, no_size_in_place, elsewhere, edge_on])
def test_a_plug_in_that_lies_about_faces(photo: Path, out: Path, lie: Lie) -> None:
    def build(options: Options, context: Context) -> _Liar:
        return _Liar(lie)

    registry = Registry([ProcessorSpec("liar", "", Options, build, engine=True)])
    step = Step(processor="liar")
    run_job(
        Job(sources=(photo,), target=photo, output=out / "x.png", steps=(step,)),
        Settings(),
        registry,
    )
    with Image.open(out / "x.png") as image:
        image.convert("RGB").save(out / "plain.bmp")
    score = WatermarkSearch().score(out / "plain.bmp")
    assert score is not None
    assert score >= DETECTION_THRESHOLD
