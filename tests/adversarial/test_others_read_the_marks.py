"""Point 7: Pillow, exiftool and the reader of C2PA find the statement in every format."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from roop.media.video.clip import write_clip
from support.figures import Pixels
from support.outputs import SOURCE_TYPE, make

pytestmark = pytest.mark.slow

EXIFTOOL = shutil.which("exiftool")

PHOTOS = ["jpg", "png", "webp", "gif", "tiff", "avif"]
ANIMATIONS = ["gif", "webp", "png"]
VIDEOS = ["mp4", "m4v", "mov", "avi", "mkv", "webm"]
WITHOUT_XMP = {"avi", "mkv", "webm"}
UNSIGNED = {"mkv", "webm"}


@pytest.fixture(
    scope="module",
    params=[*PHOTOS, *(f"animated.{suffix}" for suffix in ANIMATIONS), *VIDEOS],
)
def output(
    request: pytest.FixtureRequest, face: Pixels, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return an output of one format."""
    folder, image = tmp_path_factory.mktemp("marks"), Image.fromarray(face)
    target, output = folder / f"in.{request.param}", folder / f"out.{request.param}"
    image.save(folder / "source.png")
    if "animated" in output.name:
        others = [Image.fromarray(face[:, ::-1])]
        image.save(target, save_all=True, append_images=others, duration=100)
    elif request.param in PHOTOS:
        image.save(target)
    else:
        target = folder / "in.mp4"
        write_clip(target, [face] * 12, fps=12)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_DATA_HOME", str(folder))
        make(folder / "source.png", target, output)
    return output


def _suffix(path: Path) -> str:
    return path.suffix[1:]


def _exiftool(path: Path) -> dict[str, Any]:
    words = [str(EXIFTOOL), "-json", "-G", "-a", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    (tags,) = json.loads(done.stdout)
    return dict(tags)


@pytest.mark.skipif(EXIFTOOL is None, reason="needs exiftool")
def test_exiftool_finds_the_statement(output: Path) -> None:
    tags = _exiftool(output)
    found = {str(value) for name, value in tags.items() if name.endswith("DigitalSourceType")}
    comments = [str(value) for name, value in tags.items() if name.endswith(":Comment")]
    if _suffix(output) not in WITHOUT_XMP:
        assert found == {SOURCE_TYPE}
    if _suffix(output) in VIDEOS:
        assert any("AI MODIFIED" in text and SOURCE_TYPE in text for text in comments)


def test_pillow_finds_the_statement(output: Path) -> None:
    if _suffix(output) in {*VIDEOS, "gif"}:  # it does not know XMP in these
        return
    with Image.open(output) as image:
        image.load()
        packet = image.info["xmp"]
    assert SOURCE_TYPE in (packet.decode() if isinstance(packet, bytes) else packet)


def test_c2pa_finds_the_statement(output: Path) -> None:
    if _suffix(output) in UNSIGNED:
        return
    with c2pa.Reader(output) as reader:
        assert reader.get_validation_state() == "Valid"
        assert SOURCE_TYPE in reader.json()
