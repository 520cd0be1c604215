"""Options of the original roop: each works, or one line says what to use instead."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roop.media.video.clip import write_clip
from roop.provenance.search import WatermarkSearch
from roop.provenance.verify import verify_file
from support.terminal import Roop

PATHS = ("-s", "a.jpg", "-t", "b.mp4", "-o", "c.mp4")


@pytest.fixture(scope="module")
def clip(portraits: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with Image.open(portraits["hopper"]) as image:
        pixels = np.asarray(image)
    write_clip(path, (np.ascontiguousarray(pixels[:400, n : n + 400]) for n in range(3)), fps=25)
    return path


def decoded(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(path) as container:
        yield from (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))


def test_kept_frames_match_the_output_and_carry_its_marks(
    roop: Roop, portraits: dict[str, Path], clip: Path, tmp_path: Path
) -> None:
    done = roop(
        *("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4"),
        *("--frame-processor", "face_swapper", "--keep-fps", "--keep-frames"),
        *("--execution-provider", "cpu", "--execution-threads", 1),
    )
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("out-frames-20??????-??????")
    assert done.stdout.splitlines()[-1] == f"frames in {folder.name}"
    images = sorted(folder.iterdir())
    assert [path.name for path in images] == ["000001.png", "000002.png", "000003.png"]
    for path, frame in zip(images, decoded(tmp_path / "out.mp4"), strict=True):
        with Image.open(path) as image:
            apart = np.abs(np.asarray(image).astype(int) - frame)
        assert apart.mean() < 1.5  # colours are rounded differently
    report = verify_file(images[0], WatermarkSearch())
    assert report.verdict == "intact"
    assert report.xmp_source_type
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "out.mp4"]


def test_the_format_and_the_quality_of_kept_frames(
    roop: Roop, portraits: dict[str, Path], clip: Path, tmp_path: Path
) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", clip, "--keep-frames")
    for name, quality in (("best", 0), ("small", 90)):
        kept = ("--temp-frame-format", "jpg", "--temp-frame-quality", quality)
        assert roop(*job, "-o", f"{name}.mp4", *kept).returncode == 0
    best, small = (sorted(tmp_path.glob(f"{name}-frames-*/*.jpg")) for name in ("best", "small"))
    assert len(best) == len(small) == 3
    assert small[0].stat().st_size < best[0].stat().st_size / 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--frame-processor", "face_painter"), "there is no frame processor 'face_painter'"),
        (("--keep-fps", "--fps", "25"), "--keep-fps contradicts --fps"),
        (("--temp-frame-quality", "101"), "--temp-frame-quality must be at most 100, not 101"),
    ],
)
def test_a_wrong_option_is_one_line(roop: Roop, arguments: tuple[str, ...], message: str) -> None:
    done = roop("swap", *PATHS, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")


def test_the_version(roop: Roop) -> None:
    assert roop("swap", "-v").stdout == roop("--version").stdout
