"""What other programs see of a virtual camera, and what is said if there is none."""

import sys
from pathlib import Path

import numpy as np
import pytest

from roop.errors import MediaError
from roop.media.frames.stored_frame import StoredFrame
from roop.media.live.virtual_camera import ANY, VirtualCamera, find_virtual_camera
from roop.types import Pixels


class Screen:
    """A virtual camera that remembers what it is sent."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self.fps = 0.0
        self.images: list[Pixels] = []
        self.closed = False

    def open(self, size: tuple[int, int], fps: float) -> "Screen":
        self.size, self.fps = size, fps
        return self

    def send(self, rgb: Pixels) -> None:
        self.images.append(rgb.copy())

    def close(self) -> None:
        self.closed = True


class Unplugged(Screen):
    def send(self, rgb: Pixels) -> None:
        raise OSError(19, "No such device")


def shade(level: int, size: tuple[int, int] = (64, 48)) -> StoredFrame:
    return StoredFrame(np.full((size[1], size[0], 3), level, np.uint8))


def test_the_last_frame_is_repeated_while_the_camera_sends_nothing() -> None:
    screen = Screen()
    with VirtualCamera(screen.open, 25) as camera:
        assert camera.period_s == 1 / 25
        camera.show(None)
        assert not screen.images  # nothing before the first frame
        camera.show(shade(10))
        camera.show(None)
        camera.show(shade(20))
    assert [int(image[0, 0, 0]) for image in screen.images] == [10, 10, 20]
    assert (screen.size, screen.fps) == ((64, 48), 25)
    assert screen.closed


def test_the_size_stays_that_of_the_first_frame() -> None:
    screen = Screen()
    with VirtualCamera(screen.open, 30) as camera:
        camera.show(shade(100, (65, 49)))  # odd sizes lose a row and a column
        camera.show(shade(200, (48, 96)))
    assert screen.size == (64, 48)
    assert {image.shape for image in screen.images} == {(48, 64, 3)}
    fitted = screen.images[1]
    assert fitted[24, 32].tolist() == [200, 200, 200]
    assert fitted[24, 0].tolist() == [0, 0, 0]  # black bars, not a stretched face


def test_a_device_that_is_gone_is_one_clear_error() -> None:
    with (
        VirtualCamera(Unplugged().open, 30) as camera,
        pytest.raises(MediaError, match="cannot be written to: no such device"),
    ):
        camera.show(shade(1))


@pytest.mark.parametrize("device", [ANY, "/dev/video87", "no such name", __file__])
def test_how_to_get_one_is_said(device: str) -> None:
    if device == ANY and list(Path("/dev").glob("video*")):
        device = "/dev/video88"  # this machine may have one
    with pytest.raises(MediaError, match="virtual camera") as caught:
        find_virtual_camera(device)
    command = "modprobe v4l2loopback" if sys.platform.startswith("linux") else "pip install"
    assert command in (caught.value.hint or "")
