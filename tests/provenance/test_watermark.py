"""The watermark: what it survives, how visible it is, and when it is absent."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from roop.faces.analyser import Analyser
from roop.media.frames.stored_frame import StoredFrame
from roop.media.video.clip import write_clip
from roop.options import Settings
from roop.provenance.search import WatermarkSearch
from roop.provenance.verify import verify_file
from roop.provenance.watermark import DETECTION_THRESHOLD, Watermark
from roop.types import Face
from support.outputs import make

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def search() -> WatermarkSearch:
    return WatermarkSearch()


@pytest.fixture
def output(face: Path, tmp_path: Path) -> Image.Image:
    """The output of a job."""
    make(face, face, tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        return image.convert("RGB")


def jpeg60(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=60)
    return Image.open(stream)


def half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2))


def cropped(image: Image.Image) -> Image.Image:
    dx, dy = image.width // 20, image.height // 20
    return image.crop((dx, dy, image.width - dx, image.height - dy))


def rotated(image: Image.Image) -> Image.Image:
    return image.rotate(7, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("change", [jpeg60, half, cropped, rotated])
def test_the_watermark_survives(
    output: Image.Image, search: WatermarkSearch, tmp_path: Path, change: object
) -> None:
    assert callable(change)
    change(output).save(tmp_path / "changed.png")
    score = search.score(tmp_path / "changed.png")
    assert score is not None
    assert score > DETECTION_THRESHOLD + 1


def test_the_watermark_survives_reencoding_a_video(
    face: Path, video: Path, search: WatermarkSearch, tmp_path: Path
) -> None:
    make(face, video, tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as reader, av.open(tmp_path / "again.mp4", "w") as writer:
        stream = writer.add_stream("libx264", rate=24, options={"crf": "23"})
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        for number, frame in enumerate(reader.decode(video=0)):
            again = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
            again.pts, again.time_base = number, Fraction(1, 24)
            writer.mux(stream.encode(again))
        writer.mux(stream.encode(None))
    report = verify_file(tmp_path / "again.mp4", search)
    assert report.credentials is None
    assert report.note is None
    assert report.verdict == "unsigned"
    assert report.made_with_ai is True
    assert "watermark found" in report.summary


def test_a_face_that_is_swapped_late_in_a_video(search: WatermarkSearch, tmp_path: Path) -> None:
    pixels = np.asarray(Image.fromarray(skimage.data.astronaut()[:300, 70:370]).resize((256, 256)))
    mesh = Analyser(Settings(offline=True)).portrait(pixels, None, name="").mesh
    frame = StoredFrame(pixels.copy())
    Watermark().stamp(frame, [Face(mesh, 1.0)])
    marked = np.asarray(frame.samples, np.uint8)
    # The encoder skips so small a change: the mark appears with the keyframe at 250.
    frames = (marked if number >= 240 else pixels for number in range(330))
    write_clip(tmp_path / "late.mp4", frames, fps=30)
    score = search.score(tmp_path / "late.mp4")
    assert score is not None
    assert score > DETECTION_THRESHOLD + 1


def test_a_format_without_other_marks(face: Path, search: WatermarkSearch, tmp_path: Path) -> None:
    make(face, face, tmp_path / "out.bmp")
    assert verify_file(tmp_path / "out.bmp", search).made_with_ai is True


@pytest.mark.slow
def test_unmarked_faces_have_a_low_score() -> None:
    random = np.random.default_rng(3)
    analyser, watermark = Analyser(Settings(offline=True)), Watermark()
    astronaut = Image.fromarray(skimage.data.astronaut())
    scores = []
    for _ in range(40):
        angle, side = float(random.uniform(-12, 12)), int(random.integers(350, 700))
        image = np.asarray(astronaut.rotate(angle).resize((side, side))).astype(float)
        noisy = image * random.uniform(0.7, 1.3, 3) + random.normal(0, 6, image.shape)
        pixels = noisy.clip(0, 255).astype(np.uint8)
        frame = StoredFrame(pixels)
        (mesh,) = analyser.faces(frame, "left-right")  # as the search finds it
        scores.append(watermark.score(frame, mesh))
    assert max(scores) < DETECTION_THRESHOLD
    assert np.mean(scores) < DETECTION_THRESHOLD - 1


def test_the_watermark_is_faint_and_only_in_the_face() -> None:
    pixels = skimage.data.astronaut()
    mesh = Analyser(Settings(offline=True)).portrait(pixels, None, name="").mesh
    frame = StoredFrame(pixels.copy())
    Watermark().stamp(frame, [Face(mesh, 1.0)])
    change = frame.samples.astype(int) - pixels
    (x0, y0), (x1, y1) = mesh[:, :2].min(axis=0).astype(int), mesh[:, :2].max(axis=0).astype(int)
    square_error = (change[y0:y1, x0:x1].astype(float) ** 2).mean()
    assert 10 * np.log10(255**2 / square_error) > 43
    assert np.abs(change).max() <= 9
    change[y0 - 8 : y1 + 9, x0 - 12 : x1 + 13] = 0
    assert not change.any()


def test_a_fading_face_gets_less_and_a_face_seen_edge_on_nothing() -> None:
    pixels = skimage.data.astronaut()
    mesh = Analyser(Settings(offline=True)).portrait(pixels, None, name="").mesh
    changes = []
    for opacity in (1.0, 0.5, 0.0):
        frame = StoredFrame(pixels.copy())
        Watermark().stamp(frame, [Face(mesh, 1.0, opacity=opacity)])
        changes.append(np.abs(frame.samples.astype(int) - pixels).sum())
    assert changes[0] > changes[1] > changes[2] == 0
    flat = mesh * np.float32([0.001, 1, 1])
    frame = StoredFrame(pixels.copy())
    Watermark().stamp(frame, [Face(flat, 1.0)])
    assert np.array_equal(frame.samples, pixels)


@pytest.mark.parametrize("shift", [-200, -230, 280, 3000])
def test_a_face_at_the_edge_is_marked_as_far_as_it_is_visible(shift: int) -> None:
    pixels = skimage.data.astronaut()
    mesh = Analyser(Settings(offline=True)).portrait(pixels, None, name="").mesh
    mesh = mesh + np.float32([shift, 0, 0])
    frame = StoredFrame(pixels.copy())
    Watermark().stamp(frame, [Face(mesh, 1.0)])
    border = 300
    wide = np.pad(pixels, ((0, 0), (border, border), (0, 0)), mode="edge")
    whole = StoredFrame(wide.copy())
    Watermark().stamp(whole, [Face(mesh + np.float32([border, 0, 0]), 1.0)])
    expected = whole.samples[:, border:-border].astype(int)
    assert np.abs(frame.samples.astype(int) - expected).max() <= 1
    assert (frame.samples != pixels).any() == (shift != 3000)
