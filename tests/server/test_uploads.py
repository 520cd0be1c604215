"""Uploads: cut, resumed, given up, too large."""

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from roop.server.options import ServerOptions
from roop.server.responses.problems import ApiError
from roop.server.storage.uploads import Uploads
from support.server import API, PATCH, TUS, Server, problem, running


def offset_of(server: Server, upload: str) -> int:
    answer = server.client.head(f"/uploads/{upload}", headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def cut_off(server: Server, upload: str, offset: int, data: bytes, announced: int) -> None:
    """Send a part of what was announced, and vanish."""
    url = httpx.URL(server.address)
    head = (
        f"PATCH {API}/uploads/{upload} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n"
        f"Content-Length: {announced}\r\nUpload-Offset: {offset}\r\n"
    )
    head += "".join(f"{name}: {value}\r\n" for name, value in PATCH.items())
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.encode() + b"\r\n" + data)


def test_an_upload_cut_ten_times_arrives_whole(
    server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    padding = os.urandom(6_000_000)
    data = files["pair"].read_bytes() + padding  # players take no notice of what follows
    upload = server.start_upload(len(data), "large.mp4")
    for number in range(10):
        offset = offset_of(server, upload)
        part = data[offset : offset + 400_000 + 7 * number]
        cut_off(server, upload, offset, part, len(data) - offset)
    while (offset := offset_of(server, upload)) < len(data):
        headers = PATCH | {"Upload-Offset": str(offset)}
        answer = server.client.patch(f"/uploads/{upload}", content=data[offset:], headers=headers)
        assert answer.status_code in (204, 409), answer.text
    assert offset_of(server, upload) == len(data)
    content = server.client.get(f"/media/{upload}/content")
    assert content.content == data
    assert server.client.delete(f"/media/{upload}").status_code == 204


def test_a_file_in_one_request(server: Server, files: dict[str, Path]) -> None:
    data = files["hopper"].read_bytes()
    headers = PATCH | {"Upload-Length": str(len(data)), "Upload-Metadata": "filename YS5wbmc="}
    made = server.client.post("/uploads", content=data, headers=headers)
    assert made.status_code == 201
    assert made.headers["Upload-Offset"] == str(len(data))
    media = server.client.get(made.headers["Location"].replace(f"{API}/uploads", "/media")).json()
    assert (media["name"], media["width"]) == ("a.png", 512)


def test_a_complete_upload_of_a_killed_server_is_finished_when_asked_for(
    server: Server, files: dict[str, Path]
) -> None:
    """It was killed between the last byte and the inspection."""
    data = files["hopper"].read_bytes()
    good, bad = server.start_upload(len(data), "a.png"), server.start_upload(4, "a.png")
    folder = server.folder / "roop/server/uploads"
    (folder / f"{good}.part").write_bytes(data)
    (folder / f"{bad}.part").write_bytes(b"text")
    for _ in range(2):
        found = server.client.head(f"/uploads/{good}", headers=TUS)
        assert found.headers["Upload-Offset"] == str(len(data))
    assert server.client.get(f"/media/{good}/content").content == data
    assert server.client.head(f"/uploads/{bad}", headers=TUS).status_code == 422
    assert server.client.head(f"/uploads/{bad}", headers=TUS).status_code == 404


def test_what_the_server_knows_of_the_protocol(server: Server) -> None:
    headers = server.client.options("/uploads").headers
    assert headers["Tus-Version"] == "1.0.0"
    assert headers["Tus-Extension"] == "creation,creation-with-upload,termination"
    assert int(headers["Tus-Max-Size"]) == 8_000_000_000


def test_mistakes_are_named(server: Server) -> None:
    client, upload = server.client, server.start_upload(100, "x.png")
    path = f"/uploads/{upload}"
    assert problem(client.post("/uploads", headers={"Upload-Length": "9"}), 412)
    assert "Upload-Length" in problem(client.post("/uploads", headers=TUS), 400)["detail"]
    wrong = TUS | {"Upload-Length": "9", "Upload-Metadata": "filename *"}
    assert "base64" in problem(client.post("/uploads", headers=wrong), 400)["detail"]
    assert problem(client.patch(path, headers=TUS | {"Upload-Offset": "0"}), 415)
    assert problem(client.patch(path, headers=PATCH), 400)
    late = client.patch(path, content=b"x", headers=PATCH | {"Upload-Offset": "50"})
    assert problem(late, 409)["detail"] == "0 bytes have arrived, not 50"
    assert late.headers["Upload-Offset"] == "0"
    long = client.patch(path, content=b"x" * 101, headers=PATCH | {"Upload-Offset": "0"})
    assert problem(long, 413)["code"] == "too_large"
    assert client.delete(path, headers=TUS).status_code == 204
    assert client.head(path, headers=TUS).status_code == 404
    assert problem(client.patch(path, headers=PATCH | {"Upload-Offset": "0"}), 404)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps little."""
    limits = ("--max-upload", "0.002", "--max-storage", "0.02", "--max-pixels", "0.4")
    with running(tmp_path_factory.mktemp("small"), *limits) as server:
        yield server


def test_fifty_uploads_at_once_under_a_quota(small: Server, files: dict[str, Path]) -> None:
    start = threading.Barrier(50)

    def send(number: int) -> int:
        start.wait()
        data = os.urandom(1_000_000)
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": "filename YS5wbmc="}
        made = small.client.post("/uploads", headers=TUS | headers)
        if made.status_code != 201:
            return problem(made, 413)["status"]
        path = made.headers["Location"].removeprefix(API)
        half = PATCH | {"Upload-Offset": "0"}
        small.client.patch(path, content=data[:500_000], headers=half)
        return int(made.status_code)

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(send, range(50)))
    assert statuses.count(201) == 20
    assert statuses.count(413) == 30
    stored = sum(path.stat().st_size for path in small.folder.rglob("*.part"))
    assert stored <= 20_000_000
    for path in small.folder.rglob("*.part"):
        small.client.delete(f"/uploads/{path.stem}", headers=TUS)
    large = small.client.post("/uploads", headers=TUS | {"Upload-Length": "2000001"})
    assert "more than one file may have" in problem(large, 413)["detail"]


def test_a_file_that_is_just_being_moved_to_the_media_counts(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, ServerOptions(max_storage=0.02, max_upload=0.015))
    first = uploads.create(15_000_000, "film.mp4", stored=lambda: 0)
    uploads.path(first.id).rename(tmp_path / "content.mp4")
    with pytest.raises(ApiError, match="keeps no more uploads"):
        uploads.create(15_000_000, "film.mp4", stored=lambda: 0)
    assert not list(Uploads(tmp_path, ServerOptions()).all())  # the server was killed just then
    assert [path.name for path in tmp_path.iterdir()] == ["content.mp4"]


@pytest.mark.slow
def test_files_that_become_complete_meanwhile_count_towards_the_quota(
    small: Server, files: dict[str, Path]
) -> None:
    data = files["hopper"].read_bytes()
    data += os.urandom(1_900_000 - len(data))  # readers take no notice of what follows
    start = threading.Barrier(50)

    def send(number: int) -> httpx.Response:
        start.wait()
        headers = PATCH | {"Upload-Length": str(len(data)), "Upload-Metadata": "filename YS5wbmc="}
        return small.client.post("/uploads", content=data, headers=headers)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(send, range(50)))
    kept = [answer for answer in answers if answer.status_code == 201]
    refused = [problem(answer, 413) for answer in answers if answer.status_code != 201]
    assert 0 < len(kept) <= 10
    assert {each["code"] for each in refused} == {"too_large"}
    media = small.client.get("/media").json()["items"]
    assert [item["bytes"] for item in media] == [len(data)] * len(kept)
    assert not list(small.folder.rglob("*.part"))
    for item in media:
        small.client.delete(f"/media/{item['id']}")


def test_frames_may_not_be_too_large(small: Server, files: dict[str, Path]) -> None:
    data = files["both"].read_bytes()
    upload = small.start_upload(len(data), "both.png")
    headers = PATCH | {"Upload-Offset": "0"}
    answer = small.client.patch(f"/uploads/{upload}", content=data, headers=headers)
    assert problem(answer, 422)["detail"] == "1024 x 600 pixels are too many"


def test_a_full_disk_is_a_507(tmp_path: Path) -> None:
    with running(tmp_path, "--min-free", "1000000") as server:
        answer = server.client.post("/uploads", headers=TUS | {"Upload-Length": "9"})
        assert problem(answer, 507)["code"] == "disk_full"
