"""Live swaps over a socket."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from roop.types import Pixels
from support.figures import drawing
from support.films import woman_at
from support.server import API, Server, running


def jpeg_of(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@contextmanager
def live(server: Server, **chosen: Any) -> Iterator[ClientConnection]:  # noqa: ANN401 - JSON
    address = server.address.rstrip("/").replace("http", "ws") + f"{API}/live"
    with connect(address, open_timeout=60, ping_interval=None) as socket:
        socket.send(json.dumps(chosen))
        yield socket


def text(socket: ClientConnection) -> Any:  # noqa: ANN401 - JSON
    message = socket.recv(60)
    assert isinstance(message, str)
    return json.loads(message)


def test_frames_come_back_swapped_and_labelled(server: Server, sent: dict[str, str]) -> None:
    frame = woman_at(140)
    with live(server, sources=[sent["hopper"]]) as socket:
        assert text(socket) == {"ready": True}
        for _ in range(3):
            socket.send(jpeg_of(frame))
        answers = [socket.recv(60) for _ in range(3)]
    pictures = [answer for answer in answers if isinstance(answer, bytes)]
    assert pictures
    assert all(
        json.loads(answer) == {"dropped": True} for answer in answers if answer not in pictures
    )
    shown = np.asarray(Image.open(io.BytesIO(pictures[-1]))).astype(int)
    changed = np.abs(shown - frame).mean(axis=2)
    assert changed[100:140, 120:160].mean() > 5
    assert changed[-20:, :60].mean() > 10  # the label
    assert b"digitalsourcetype/" in pictures[-1]


def test_a_refused_frame_ends_it(server: Server, sent: dict[str, str]) -> None:
    with live(server, sources=[sent["hopper"]]) as socket:
        assert text(socket) == {"ready": True}
        socket.send(jpeg_of(drawing()))
        problem = text(socket)
        assert (problem["status"], problem["code"]) == (422, "refused")
        with pytest.raises(ConnectionClosed):
            socket.recv(60)


def test_a_camera_of_the_server(files: dict[str, Path], tmp_path: Path) -> None:
    cameras = ("--cameras", f"door={files['slow']}", "desk=rtsp://user:secret@127.0.0.1:9/")
    with running(tmp_path, *cameras) as own:
        found = own.client.get("/capabilities").text
        assert '"cameras":["desk","door"]' in found
        assert "secret" not in found
        source = own.upload(files["hopper"])
        with live(own, sources=[source], camera="door") as socket:
            assert text(socket) == {"ready": True}
            while isinstance(picture := socket.recv(60), str):
                assert json.loads(picture) == {"dropped": True}
            assert Image.open(io.BytesIO(picture)).size == (320, 240)
        with live(own, sources=[source], camera="/etc/passwd") as socket:
            assert text(socket)["detail"] == "there is no such camera"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"sources": ["0" * 32]}, "not_found"),
        ({"sources": []}, "usage"),
        ({"target": "x"}, "usage"),
        ({"options": {"map_file": "x"}}, "usage"),
        ({"options": {"fps": 25}}, "usage"),
    ],
)
def test_a_wrong_choice_ends_it(
    server: Server, sent: dict[str, str], chosen: dict[str, Any], code: str
) -> None:
    with live(server, **({"sources": [sent["hopper"]]} | chosen)) as socket:
        assert text(socket)["code"] == code


def test_what_is_no_picture_ends_it(server: Server, sent: dict[str, str]) -> None:
    with live(server, sources=[sent["drawing"]]) as socket:
        assert text(socket)["code"] == "refused"
    with live(server, sources=[sent["hopper"]]) as socket:
        assert text(socket) == {"ready": True}
        socket.send(b"no picture at all")
        assert text(socket)["detail"] == "a frame of the client's camera is no JPEG"
