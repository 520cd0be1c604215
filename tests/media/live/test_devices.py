"""Cameras of this machine: what they say about themselves, and the mode they are asked for."""

import pytest

from roop.errors import MediaError
from roop.media.live.addresses import camera_address, without_secrets
from roop.media.live.devices import find_camera
from roop.media.live.modes import CameraDevice, CameraMode, choose_mode
from roop.media.live.v4l2 import capabilities, describe
from support.v4l2_device import Device

USB2 = {("YUYV", 640): (30, 15), ("YUYV", 1280): (10,), ("MJPG", 640): (30,), ("MJPG", 1280): (30,)}


def test_a_device_tells_its_name_sizes_rates_and_formats() -> None:
    camera = describe("/dev/video0", Device(rates=USB2))
    assert camera is not None
    assert camera.name == "Integrated Camera"
    assert camera.modes[0] == CameraMode((640, 480), "yuyv422", (30.0, 15.0))
    assert CameraMode((1280, 720), "mjpeg", (30.0,)) in camera.modes
    assert len(camera.modes) == 4


def test_a_device_that_does_not_capture_is_no_camera() -> None:
    metadata, loopback = 0x800000, 0x2
    assert describe("/dev/video1", Device(capabilities=metadata)) is None
    assert describe("/dev/video2", Device(capabilities=loopback)) is None
    assert capabilities(Device(capabilities=loopback)).outputs


@pytest.mark.parametrize("rates", [USB2, {}])
def test_motion_jpeg_is_chosen_where_it_brings_more_frames(
    rates: dict[tuple[str, int], tuple[int, ...]],
) -> None:
    camera = describe("/dev/video0", Device(rates=rates))
    assert camera is not None
    chosen = choose_mode(camera.modes)
    assert chosen is not None
    assert (chosen.size, chosen.format) == ((1280, 720), "mjpeg")
    small = choose_mode(camera.modes, (640, 480))
    assert small is not None
    assert small.format == "yuyv422"


def test_size_rate_and_format_can_be_asked_for() -> None:
    modes = [
        CameraMode((1920, 1080), "mjpeg", (30.0,)),
        CameraMode((1280, 720), "mjpeg", (60.0, 30.0)),
        CameraMode((1280, 720), "yuyv422", (10.0,)),
    ]
    assert choose_mode(modes, fps=60) == modes[1]
    assert choose_mode(modes, (1920, 1080)) == modes[0]
    assert choose_mode(modes, wanted_format="yuyv422") == modes[2]
    assert choose_mode(modes, (320, 240)) is None
    assert modes[1].likely_fps(50) == 60


def test_a_large_camera_without_small_sizes_is_taken_as_it_is() -> None:
    only = CameraMode((3840, 2160), "mjpeg", (30.0,))
    assert choose_mode([only]) == only


def test_a_part_of_the_name_finds_a_camera() -> None:
    cameras = [
        CameraDevice("Integrated Camera", "/dev/video0"),
        CameraDevice("Logitech BRIO", "/dev/video2"),
    ]
    assert find_camera("brio", cameras) == cameras[1]
    assert find_camera("phone", cameras) is None
    with pytest.raises(MediaError, match=r"Integrated Camera \(/dev/video0\)"):
        find_camera("i", cameras)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:secret@10.0.0.2/cam",
        "rtsp://admin:se@cret@10.0.0.2/cam",
        "rtsp://admin:sec/ret@10.0.0.2/cam",
        "rtsp://10.0.0.2/cam?user=admin&password=secret",
        "RTSP://10.0.0.2/cam#secret",
    ],
)
def test_a_name_holds_no_password(address: str) -> None:
    assert without_secrets(address).lower() == "rtsp://10.0.0.2/cam"
    assert camera_address(address).name.lower() == "rtsp://10.0.0.2/cam"


def test_an_unknown_name_is_reported_with_the_names_there_are() -> None:
    with pytest.raises(MediaError, match="no camera has 'phone' in its name"):
        camera_address("phone")
