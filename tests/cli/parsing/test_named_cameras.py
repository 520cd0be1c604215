"""Cameras that are called by a name."""

import os
from pathlib import Path

import pytest

from roop.cli.parsing.named_cameras import with_named_camera
from roop.errors import UsageError

DOOR = """
[cameras.door]
address = "rtsp://192.168.1.20/stream"
user = "admin@home"
{password}
transport = "udp"
rotate = 90
mirror = true
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, password: str, mode: int = 0o600) -> Path:
    path = folder / "roop.toml"
    path.write_text(DOOR.format(password=password))
    path.chmod(mode)
    return path


def test_a_name_stands_for_address_login_and_options(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, 'password_env = "DOOR_PASSWORD"')
    monkeypatch.setenv("DOOR_PASSWORD", "s/e:c@t")
    assert with_named_camera({"input": "Door", "rotate": "0"}) == {
        "input": "rtsp://admin%40home:s%2Fe%3Ac%40t@192.168.1.20/stream",
        "camera_transport": "udp",
        "rotate": "0",  # a flag wins
        "mirror": True,
    }


def test_a_password_may_lie_in_a_file_of_its_own(folder: Path) -> None:
    write(folder, 'password_file = "door.password"')
    secret = folder / "door.password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    assert "admin%40home:secret@" in with_named_camera({"input": "door"})["input"]


def test_a_password_that_others_can_read_is_refused(folder: Path) -> None:
    if os.name == "nt":
        return  # rights of files work differently there
    write(folder, 'password = "secret"', 0o644)
    with pytest.raises(UsageError, match="can be read by others") as caught:
        with_named_camera({"input": "door"})
    assert "secret" not in str(caught.value)
    assert "chmod 600" in (caught.value.hint or "")
    write(folder, 'password = "secret"')
    assert ":secret@" in with_named_camera({"input": "door"})["input"]


def test_a_missing_variable_is_named(folder: Path) -> None:
    write(folder, 'password_env = "NOT_SET_ANYWHERE"')
    with pytest.raises(UsageError, match="NOT_SET_ANYWHERE is not set"):
        with_named_camera({"input": "door"})


def test_a_wrong_key_is_named(folder: Path) -> None:
    write(folder, 'colour = "red"')
    with pytest.raises(UsageError, match=r"colour in cameras\.door"):
        with_named_camera({"input": "door"})


@pytest.mark.parametrize("source", ["0", "video.mp4", "rtsp://host/x", "/dev/video0"])
def test_what_is_no_name_stays_as_it_is(folder: Path, source: str) -> None:
    write(folder, 'password = "secret"', 0o644)
    assert with_named_camera({"input": source}) == {"input": source}


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("192.168.1.30\n", "ip_webcam", "http://192.168.1.30:8080/video"),
        ("192.168.1.30:8081\n", "ip_webcam", "http://192.168.1.30:8081/video"),
        ("# phone\nhttp://10.0.0.3:8080/video\n", "ip_webcam", "http://10.0.0.3:8080/video"),
        ("phone = http://10.0.0.3/video\n", "phone", "http://10.0.0.3/video"),
        ("hall cam: 10.0.0.4:8080/mjpeg", "hall cam", "http://10.0.0.4:8080/mjpeg"),
    ],
)
def test_the_file_of_the_original_is_read(folder: Path, text: str, name: str, address: str) -> None:
    (folder / "ip_webcam_config.txt").write_text(text)
    assert with_named_camera({"input": name}) == {"input": address}
