"""Every kind of camera that works without hardware, held to the contract of ``Camera``."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from roop.errors import MediaError
from roop.media.live.cameras import CLOCK, Camera, Check, open_camera
from roop.types import Box, Frame
from support.clips import Clip
from support.hls_camera import hls_camera
from support.ip_camera import ip_camera
from support.pictures_made import FACE
from support.targets import refuse_warning

CLIP = Clip(times=range(5), size=(128, 96))
ROTATED = Clip(times=range(5), size=(96, 128), rotation=90)


@contextmanager
def a_file(folder: Path) -> Iterator[str]:
    yield str(CLIP.write(folder / "camera.mp4"))


@contextmanager
def a_rotated_file(folder: Path) -> Iterator[str]:
    yield str(ROTATED.write(folder / "camera.mov"))


@contextmanager
def motion_jpeg(folder: Path) -> Iterator[str]:
    with ip_camera([CLIP.pixels(number) for number in range(5)]) as address:
        yield address.replace("//", "//user:secret@")


@contextmanager
def pieces(folder: Path) -> Iterator[str]:
    with hls_camera([CLIP.pixels(number) for number in range(5)]) as address:
        yield address.replace("//", "//user:secret@")


@contextmanager
def a_lost_connection(folder: Path) -> Iterator[str]:
    """A network camera that has to be opened twice."""
    frames = [CLIP.pixels(number) for number in range(5)]
    with ip_camera(frames[:2], frames) as address:
        yield address


SOURCES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "file": a_file,
    "rotated file": a_rotated_file,
    "motion JPEG": motion_jpeg,
    "HLS": pieces,
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with SOURCES[request.param](tmp_path) as source:
        yield source


@pytest.fixture
def camera(source: str) -> Iterator[Camera]:
    with open_camera(source, refuse_warning) as camera:
        yield camera


def unchecked() -> None:
    """Let the camera go on."""


def collect(camera: Camera, check: Check, frames: list[Frame]) -> None:
    for frame in camera.frames(check):
        frames.append(frame)


def test_frames_show_what_the_camera_sees(camera: Camera) -> None:
    frame = next(iter(camera.frames(unchecked)))
    assert frame.size == (128, 96)
    shown = frame.crop(Box(0, 0, 128, 96)).astype(int)
    wanted = [CLIP.pixels(number) for number in range(5)]
    wanted += [np.rot90(ROTATED.pixels(number)) for number in range(5)]
    assert min(np.abs(shown - pixels).mean() for pixels in wanted) < 8


def test_times_increase_from_the_start_of_the_camera(camera: Camera) -> None:
    frames = list(islice(camera.frames(unchecked), 4))
    assert all(frame.time_base == CLOCK for frame in frames)
    assert frames[0].pts >= 0
    assert all(later.pts > earlier.pts for earlier, later in pairwise(frames))


def test_a_frame_grows_older(camera: Camera) -> None:
    frame = next(iter(camera.frames(unchecked)))
    first = camera.age_s(frame)
    assert 0 <= first <= camera.age_s(frame)


def test_frames_can_be_edited(camera: Camera) -> None:
    first, second = islice(camera.frames(unchecked), 2)
    before = second.crop(FACE)
    grey = np.full((FACE.height, FACE.width, 3), 100, np.uint8)
    first.paste(FACE, grey, np.full(grey.shape[:2], 255, np.uint8))
    assert np.abs(first.crop(FACE)[2:-2, 2:-2].astype(int) - 100).max() <= 3
    assert np.array_equal(second.crop(FACE), before)


def test_a_check_before_every_frame_can_stop_it(camera: Camera) -> None:
    class StopError(Exception):
        pass

    frames: list[Frame] = []

    def check() -> None:
        if len(frames) == 2:
            raise StopError

    with pytest.raises(StopError):
        collect(camera, check, frames)
    assert len(frames) == 2


def test_the_name_is_for_people(camera: Camera, source: str) -> None:
    assert "secret" not in camera.name
    assert camera.name == source.replace("user:secret@", "")


def test_a_lost_network_camera_comes_back(tmp_path: Path) -> None:
    warnings: list[str] = []
    with a_lost_connection(tmp_path) as source, open_camera(source, warnings.append) as camera:
        frames = list(islice(camera.frames(unchecked), 5))
    assert len(frames) == 5
    assert all(later.pts > earlier.pts for earlier, later in pairwise(frames))
    assert "is lost" in warnings[0]
    assert "is back" in warnings[-1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothing.mp4", "does not exist"),
        ("http://127.0.0.1:1/video", "cannot be read as a camera"),
        ("/dev/video99", "camera|cameras"),
    ],
)
def test_a_missing_camera_is_one_clear_error(source: str, message: str) -> None:
    with pytest.raises(MediaError, match=message) as caught:
        open_camera(source, refuse_warning)
    assert caught.value.hint
