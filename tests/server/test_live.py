"""Live swaps over a socket."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from roop.types import Pixels
from support.figures import drawing
from support.films import woman_at
from support.ip_camera import ip_camera
from support.page import verdict
from support.server import API, Server, problem, running


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


def ready(socket: ClientConnection) -> str:
    """Wait until everything is loaded; return the id of the live swap."""
    message = text(socket)
    assert message.get("ready") is True, message
    id: str = message["id"]
    return id


def swapped(socket: ClientConnection, frame: Pixels) -> Pixels:
    """Send a frame, and return what comes back."""
    socket.send(jpeg_of(frame))
    answer = socket.recv(60)
    assert isinstance(answer, bytes), answer
    return np.asarray(Image.open(io.BytesIO(answer)))


def difference(first: Pixels, second: Pixels) -> float:
    """Return how much two pictures differ in the middle, where the face is."""
    middle = np.s_[
        first.shape[0] // 3 : -first.shape[0] // 3, first.shape[1] // 3 : -first.shape[1] // 3
    ]
    return float(np.abs(first[middle].astype(int) - second[middle]).mean())


def test_frames_come_back_swapped_and_labelled(server: Server, sent: dict[str, str]) -> None:
    frame = woman_at(140)
    with live(server, sources=[sent["hopper"]]) as socket:
        assert ready(socket)
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


@pytest.mark.slow
def test_a_recording_and_a_still_are_marked(
    server: Server, sent: dict[str, str], tmp_path: Path
) -> None:
    with live(server, sources=[sent["hopper"]]) as socket:
        swap = f"/live/{ready(socket)}"
        assert server.client.patch(swap, json={"record": True, "still": True}).status_code == 204
        still = saved(socket, 120)
        assert server.client.patch(swap, json={"record": False}).status_code == 204
        recording = saved(socket, 160)
    for name in (still, recording):
        (tmp_path / name).write_bytes(server.client.get(f"/captures/{name}").content)
        assert verdict(tmp_path / name) == "intact"
    assert (still[-4:], recording[-4:]) == (".png", ".mp4")
    with Image.open(tmp_path / still) as picture:
        assert picture.size == (320, 240)
    with av.open(str(tmp_path / recording)) as film:
        assert sum(1 for _ in film.decode(video=0)) > 0
    listed = server.client.get("/captures").json()["items"]
    assert {each["name"] for each in listed} == {still, recording}
    for name in (still, recording):
        assert server.client.delete(f"/captures/{name}").status_code == 204
    assert problem(server.client.get(f"/captures/{still}"), 404)["code"] == "not_found"


def saved(socket: ClientConnection, x: float) -> str:
    """Send frames until the server has saved something; return its name."""
    while True:
        socket.send(jpeg_of(woman_at(x)))
        answer = socket.recv(60)
        if isinstance(answer, str) and "saved" in answer:
            name: str = json.loads(answer)["saved"]
            return name


def test_a_refused_frame_ends_it(server: Server, sent: dict[str, str]) -> None:
    with live(server, sources=[sent["hopper"]]) as socket:
        assert ready(socket)
        socket.send(jpeg_of(drawing()))
        problem = text(socket)
        assert (problem["status"], problem["code"]) == (422, "refused")
        with pytest.raises(ConnectionClosed):
            socket.recv(60)


@pytest.mark.slow
def test_a_camera_of_the_server(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    configured = f"[cameras.door]\naddress = '{files['slow']}'\nrotate = 90\n"
    Path("roop.toml").write_text(configured)
    cameras = ("--cameras", "door", "desk=rtsp://user:secret@127.0.0.1:9/")
    with running(tmp_path, *cameras) as own:
        found = own.client.get("/capabilities").text
        assert '"cameras":["desk","door"]' in found
        assert "secret" not in found
        source = own.upload(files["hopper"])
        with live(own, sources=[source], camera="door") as socket:
            id = ready(socket)
            assert own.client.get(f"/live/{id}").json()["camera"] == "door"
            while isinstance(picture := socket.recv(60), str):
                assert json.loads(picture) == {"dropped": True}
            assert Image.open(io.BytesIO(picture)).size == (240, 320)
        with live(own, sources=[source], camera="desk") as socket:
            assert text(socket)["detail"].startswith("the camera cannot be read as a camera: ")
        with live(own, sources=[source], camera="/etc/passwd") as socket:
            assert text(socket)["detail"] == "there is no such camera"


@pytest.mark.slow
def test_viewers_are_told_that_a_camera_sends_nothing(
    portraits: dict[str, Path], tmp_path: Path
) -> None:
    frame = woman_at(140)
    with (
        ip_camera([frame] * 5, silence_s=60) as address,
        running(tmp_path, "--cameras", f"door={address}") as own,
        live(own, sources=[own.upload(portraits["hopper"])], camera="door") as socket,
    ):
        assert ready(socket)
        middle = slice(frame.shape[0] // 2 - 8, frame.shape[0] // 2 + 8)
        while True:
            answer = socket.recv(60)
            if isinstance(answer, str):
                assert json.loads(answer) == {"dropped": True}
                continue
            shown = np.asarray(Image.open(io.BytesIO(answer)))
            if np.median(shown[middle]) < np.median(frame[middle]) / 2:  # the bar with the text
                break
        assert b"digitalsourcetype/" in answer


def test_two_at_once_each_with_its_face(server: Server, sent: dict[str, str]) -> None:
    with (
        live(server, sources=[sent["hopper"]]) as first,
        live(server, sources=[sent["astronaut"]]) as second,
    ):
        one, other = ready(first), ready(second)
        frame = woman_at(140)
        assert difference(swapped(first, frame), swapped(second, frame)) > 10
        found = {item["id"]: item for item in server.client.get("/live").json()["items"]}
        assert found.keys() == {one, other}
        measured = found[one]["statistics"]
        assert list(measured["stages"]) == ["camera", "swap", "screen", "client", "captures"]
        assert measured["stages"]["swap"]["time_p99_ms"] > 0
        scraped = server.client.get("/metrics").text
        assert f'roop_live_frames_total{{live="{other}"}} 1' in scraped
        assert scraped.count("# TYPE roop_live_stage_seconds gauge") == 1
        assert server.client.delete(f"/live/{one}").status_code == 204
        with pytest.raises(ConnectionClosed):
            first.recv(60)
        assert swapped(second, frame).shape == frame.shape


def test_faces_and_more_are_changed_while_it_runs(server: Server, sent: dict[str, str]) -> None:
    frame = woman_at(140)
    with live(server, sources=[sent["hopper"]]) as socket:
        address = f"/live/{ready(socket)}"

        def change(**what: Any) -> httpx.Response:  # noqa: ANN401 - JSON
            """Change something while frames pass."""
            with ThreadPoolExecutor(1) as threads:
                answer = threads.submit(server.client.patch, address, json=what)
                while not answer.done():
                    swapped(socket, frame)
            return answer.result()

        hopper = swapped(socket, frame)
        assert difference(hopper, frame) > 10
        assert change(sources=[sent["astronaut"]]).status_code == 204
        assert difference(hopper, swapped(socket, frame)) > 10
        assert problem(change(sources=[sent["nobody"]]), 422)["code"] == "no_face"
        assert problem(change(sources=[sent["drawing"]]), 422)["code"] == "refused"
        assert difference(hopper, swapped(socket, frame)) > 10  # as before
        assert change(sources=[sent["hopper"]], many_faces=True).status_code == 204
        assert difference(hopper, swapped(socket, frame)) < 5
        others = [{"sources": [sent["astronaut"]], "reference": sent["hopper"]}]
        assert change(assignments=others, many_faces=False).status_code == 204
        assert difference(frame, swapped(socket, frame)) < 5  # somebody else
        assert change(mirror=True, label_corner="top-right").status_code == 204
        assert difference(frame, swapped(socket, frame)[:, ::-1]) < 5
        state = server.client.get(address).json()
        assert (state["mirror"], state["label_corner"]) == (True, "top-right")
    assert problem(server.client.patch("/live/x", json={"mirror": True}), 404)


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
        assert ready(socket)
        socket.send(b"no picture at all")
        assert text(socket)["detail"] == "a frame of the client's camera is no JPEG"
