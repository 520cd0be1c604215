"""Jobs with more than an engine: larger outputs, frames in batches."""

import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.api import make_job
from roop.errors import UsageError
from roop.models.catalogue import load_catalogue
from roop.models.files.custom import register
from roop.models.files.folder import ModelFolder
from roop.options import Options, Settings
from roop.pipeline.job import JobResult, run_job
from roop.processors import installed
from roop.processors.base import Processor, ProcessorSpec, Registry
from roop.types import AnalysedFrame, Frame, Pixels
from support.films import SIZE, Film, shots, wall, woman_at
from support.heads import hopper
from support.networks import upscaler


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine with a stand-in of an upscaler, registered as ``linear``."""
    settings = Settings(models=tmp_path_factory.mktemp("models"), offline=True)
    folder = ModelFolder(settings)
    path = folder.path / "somewhere.onnx"
    upscaler(path, load_catalogue()["realesr_general_x4v3"])
    register(folder, path, like="realesr_general_x4v3", name="linear")
    return settings


@pytest.fixture(scope="module")
def officer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "officer.png"
    Image.fromarray(hopper()).save(path)
    return path


def run(
    officer: Path, target: Path, output: Path, settings: Settings, **options: object
) -> JobResult:
    registry = installed()
    return run_job(make_job([officer], target, output, options, registry), settings, registry)


UPSCALED: dict[str, object] = {"upscale": "2", "upscale_model": "linear"}


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
def test_an_upscaled_film_is_larger_and_else_the_same(
    pixel_format: str, officer: Path, settings: Settings, tmp_path: Path
) -> None:
    pictures = [woman_at(150 + 3 * number) for number in range(4)]
    target = Film(pixel_format, rotation=90, turn=np.rot90).write(tmp_path / "t.mp4", pictures)
    plain, large = tmp_path / "plain.mp4", tmp_path / "large.mp4"
    best: dict[str, object] = {"output_video_quality": 0, "output_video_preset": "ultrafast"}
    run(officer, target, plain, settings, **best)
    result = run(officer, target, large, settings, **best, **UPSCALED)
    assert (result.frames, result.swapped) == (4, 4)
    for small, big in zip(shots(plain), shots(large), strict=True):
        assert big.rgb.shape == (small.rgb.shape[0] * 2, small.rgb.shape[1] * 2, 3)
        assert (big.time, big.rotation) == (small.time, small.rotation)
        assert big.pixel_format == small.pixel_format
        shrunk = _halved(big.rgb)
        assert np.abs(shrunk - small.rgb).mean() < 3


def _halved(picture: Pixels) -> np.ndarray:
    height, width = picture.shape[:2]
    blocks = picture.reshape(height // 2, 2, width // 2, 2, 3)
    halved: np.ndarray = blocks.mean(axis=(1, 3))
    return halved


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_an_upscaled_photo_is_larger(
    suffix: str, officer: Path, settings: Settings, tmp_path: Path
) -> None:
    target = tmp_path / f"target.{suffix}"
    Image.fromarray(woman_at(150)).save(target)
    output = tmp_path / f"out.{suffix}"
    run(officer, target, output, settings, **UPSCALED)
    with Image.open(output) as image:
        assert image.size == (SIZE[0] * 2, SIZE[1] * 2)
        corner = np.asarray(image.convert("RGB"))[:80, :80].astype(int)
    assert np.abs(_halved(corner) - wall()[:40, :40]).mean() < 4


def test_an_animation_is_not_upscaled_but_says_how(
    officer: Path, settings: Settings, tmp_path: Path
) -> None:
    frames = [Image.fromarray(woman_at(150 + number)) for number in range(2)]
    target = tmp_path / "target.gif"
    frames[0].save(target, save_all=True, append_images=frames[1:])
    with pytest.raises(UsageError, match="cannot be upscaled") as caught:
        run(officer, target, tmp_path / "out.gif", settings, **UPSCALED)
    assert ".mp4" in (caught.value.hint or "")


@pytest.mark.parametrize(("provider", "frames"), [("cpu", 1), ("openvino", 1), ("cuda", 8)])
@pytest.mark.parametrize("name", ["inswapper", "ghost", "enhance"])
def test_several_frames_at_once_are_for_graphics_cards(
    name: str, provider: str, frames: int
) -> None:
    settings = Settings.model_validate({"execution_provider": [provider]})
    assert installed()[name].batch_size(settings) == frames


class _Counter(Processor):
    """Notes how many frames come at once, and how bright they are."""

    def __init__(self, seen: list[list[float]]) -> None:
        self._seen = seen

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        self._seen.append([float(s.frame.thumbnail(64).mean()) for s in analysed_frames])
        return analysed_frames

    def reset(self) -> None: ...


class _Remembering(Processor):
    """Notes how many of the frames that it has seen are still in memory."""

    def __init__(self, alive: list[list[int]]) -> None:
        self._alive = alive
        self._seen: list[weakref.ref[Frame]] = []

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        self._seen += [weakref.ref(analysed.frame) for analysed in analysed_frames]
        self._alive.append([number for number, seen in enumerate(self._seen) if seen()])
        return analysed_frames

    def reset(self) -> None: ...


def test_a_frame_that_is_written_is_no_longer_in_memory(officer: Path, tmp_path: Path) -> None:
    alive: list[list[int]] = []
    spec = ProcessorSpec("remember", "", Options, lambda options, context: _Remembering(alive))
    registry = Registry([*installed(), spec])
    target = Film().write(tmp_path / "target.mp4", [woman_at(150)] * 40)
    job = make_job([officer], target, tmp_path / "out.mp4", {"processor": "remember"}, registry)
    run_job(job, Settings(), registry)
    assert len(alive) == 40
    for number, kept in enumerate(alive):
        assert kept[0] >= number - 10  # this one, eight that wait, one that is being written
        assert kept[-1] == number


@pytest.mark.parametrize(
    ("max_memory", "counts"),
    [(None, [3, 3, 1]), (8 * 2.5 * SIZE[0] * SIZE[1] * 3 / 1e9, [2, 2, 2, 1])],
    ids=["free", "room for two and a half"],
)
def test_a_processor_gets_as_many_frames_at_once_as_it_wants_and_memory_holds(
    max_memory: float | None, counts: list[int], officer: Path, tmp_path: Path
) -> None:
    """An eighth of the memory is for them."""
    seen: list[list[float]] = []
    spec = ProcessorSpec(
        "count",
        "Count",
        Options,
        lambda options, context: _Counter(seen),
        batch_size=lambda settings: 3,
    )
    registry = Registry([*installed(), spec])
    pictures = [np.clip(woman_at(150) * (1 + number / 20), 0, 255) for number in range(7)]
    target = Film().write(tmp_path / "target.mp4", [p.astype(np.uint8) for p in pictures])
    output = tmp_path / "out.mp4"
    job = make_job([officer], target, output, {"processor": "count"}, registry)
    assert run_job(job, Settings(max_memory=max_memory), registry).frames == 7
    assert [len(some) for some in seen] == counts
    flat = [brightness for some in seen for brightness in some]
    assert flat == sorted(flat)
    assert len(shots(output)) == 7
