"""What is judged is what viewers see: aspect, rotation, alpha, darkness, distance, plug-ins."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from roop.errors import RefusedError
from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Job, Options, Settings, Step
from roop.pipeline.job import run_job
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.safety.classifiers import Classifiers
from roop.safety.views import View, closer_views, views_of
from roop.types import AnalysedFrame, Box, Face
from support.figures import Pixels
from support.outputs import make


@pytest.fixture(scope="module")
def classifiers() -> Classifiers:
    return Classifiers(Settings())


def refused(classifiers: Classifiers, views: Sequence[View]) -> bool:
    return any(classifiers.detect(view.pixels) for view in views)


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 3)])
def test_pixels_that_are_not_square(
    photo: Path, figure: Pixels, out: Path, classifiers: Classifiers, aspect: Fraction
) -> None:
    size = (round(640 / aspect), 640) if aspect > 1 else (640, round(640 * aspect))
    squeezed = np.asarray(cv2.resize(figure, size, interpolation=cv2.INTER_AREA), np.uint8)
    squeezed = squeezed[: squeezed.shape[0] & ~1, : squeezed.shape[1] & ~1]
    assert not refused(classifiers, list(views_of(StoredFrame(squeezed))))
    target = photo.with_name("wide.mkv")
    with av.open(target, "w") as output:
        stream = output.add_stream("libx264", rate=12, options={"crf": "12"})
        stream.height, stream.width = squeezed.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for number in range(6):
            frame = VideoFrame.from_ndarray(squeezed, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 12)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(RefusedError):
        make(photo, target, out / "x.mkv")


@pytest.mark.parametrize("background", [0, 255])
@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
def test_what_transparency_shows(
    photo: Path, figure: Pixels, out: Path, suffix: str, background: int
) -> None:
    """The stored colours are harmless; with their opacity, on one background, they are not."""
    opacity = np.full(figure.shape[:2], 60, np.uint16)
    shown = figure.astype(np.float32) * 0.85 + background * 0.15
    stored = (shown - background * (1 - 0.85)) / 0.85
    pixels = np.dstack((stored.clip(0, 255), np.full_like(opacity, 217))).astype(np.uint8)
    Image.fromarray(pixels).save(photo.with_name(f"in.{suffix}"))
    with pytest.raises(RefusedError):
        make(photo, photo.with_name(f"in.{suffix}"), out / f"x.{suffix}")


def test_a_figure_drawn_with_opacity_alone(classifiers: Classifiers, figure: Pixels) -> None:
    grey = cv2.cvtColor(figure, cv2.COLOR_RGB2GRAY)
    hidden = np.dstack((np.full_like(figure, 255), grey))
    hidden[..., :3] = (255, 190, 170)
    views = [view.pixels for view in views_of(StoredFrame(hidden))]
    assert len(views) >= 3
    assert (views[0] == hidden[..., :3]).all()
    assert any(np.ptp(view) > 100 for view in views[1:])


def test_a_dark_picture(classifiers: Classifiers, figure: Pixels) -> None:
    dark = (figure.astype(np.float32) * 0.2).astype(np.uint8)
    assert classifiers.detect(dark) is None
    assert refused(classifiers, list(views_of(StoredFrame(dark))))


@pytest.mark.parametrize("transfer", [16, 18])
def test_an_hdr_picture(classifiers: Classifiers, figure: Pixels, transfer: int) -> None:
    to_2020 = np.array(
        [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.088, 0.8956]]
    )
    linear = (figure / 255.0) ** 2.2 @ to_2020.T
    if transfer == 16:
        power = (linear * 203 / 10_000) ** 0.1593017578125
        code = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        code = np.sqrt(3 * (linear * 0.203) ** (1 / 1.2)).clip(0, 1)
    raw = VideoFrame.from_ndarray((code * 255).astype(np.uint8), format="rgb24")
    raw.color_trc = transfer
    frame = PlanarFrame(raw, pts=0, time_base=Fraction(1))
    assert refused(classifiers, list(views_of(frame)))


def test_what_is_below_a_distant_face(classifiers: Classifiers, figure: Pixels) -> None:
    scene = np.full((1080, 1920, 3), 90, np.uint8)
    scene[500:780, 800:1080] = cv2.resize(figure, (280, 280))
    frame = StoredFrame(scene)
    assert not refused(classifiers, list(views_of(frame)))
    mesh = np.zeros((468, 3), np.float32)
    mesh[10], mesh[152] = (940, 440, 0), (940, 510, 0)
    assert refused(classifiers, list(closer_views(frame, [Face(mesh, 1.0)])))


class _Drawer(Processor):
    """A plug-in's processor that paints the drawing over some frames, after they were screened."""

    def __init__(self, figure: Pixels, frames: Sequence[int]) -> None:
        self._figure, self._frames, self._number = figure, frames, 0

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            if self._number in self._frames:
                width, height = analysed.frame.size
                alpha = np.full((height, width), 255, np.uint8)
                pixels = cv2.resize(self._figure, (width, height)).astype(np.uint8)
                analysed.frame.paste(Box(0, 0, width, height), pixels, alpha)
            self._number += 1
        return analysed_frames


@pytest.mark.parametrize("frames", [[0], [7], range(12)])
def test_what_a_plug_in_paints(
    photo: Path, video: Path, figure: Pixels, out: Path, frames: Sequence[int]
) -> None:
    def build(options: Options, context: Context) -> _Drawer:
        return _Drawer(figure, frames)

    registry = Registry([ProcessorSpec("drawer", "", Options, build, engine=True)])
    for target in (video, photo) if 0 in frames else (video,):
        output = out / f"x{target.suffix}"
        job = Job(sources=(photo,), target=target, output=output, steps=(Step(processor="drawer"),))
        with pytest.raises(RefusedError):
            run_job(job, Settings(), registry)
        assert list(out.iterdir()) == []
