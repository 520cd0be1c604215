"""What was uploaded: lists, ranges, frames."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.options import FaceOptions
from support.films import elder_at, woman_at
from support.server import Server, problem


def test_lists_have_cursors(server: Server, sent: dict[str, str]) -> None:
    client, found, cursor = server.client, [], None
    everything = [item["id"] for item in client.get("/media?limit=500").json()["items"]]
    assert set(sent.values()) <= set(everything)
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/media", params=query).json()
        assert len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert found == everything
    assert problem(client.get("/media?cursor=xyz"), 400)["code"] == "bad_request"
    assert problem(client.get("/media?limit=0"), 422)["detail"] == "limit must be at least 1, not 0"


def test_a_file_comes_in_ranges_and_only_if_it_has_changed(
    server: Server, sent: dict[str, str], files: dict[str, Path]
) -> None:
    client, path, data = server.client, f"/media/{sent['pair']}/content", files["pair"].read_bytes()
    whole = client.get(path)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["Content-Type"] == "video/mp4"
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert client.get(path, headers={"Range": "bytes=-5"}).content == data[-5:]
    beyond = client.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    same = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    stale = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert client.get(path, headers=stale).status_code == 200
    assert client.head(path).headers["Content-Length"] == str(len(data))


def test_frames_by_number(server: Server, sent: dict[str, str]) -> None:
    answer = server.client.get(f"/media/{sent['pair']}/frames/12?side=320")
    assert float(answer.headers["X-Roop-Time"]) == pytest.approx(0.4)
    shown = np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)
    expected = elder_at(240, canvas=woman_at(92))
    assert np.abs(shown - expected).mean() < 5
    small = server.client.get(f"/media/{sent['pair']}/frames/0?side=64")
    assert Image.open(io.BytesIO(small.content)).size == (64, 48)
    for name, number in (("pair", 99), ("pair", 10**30), ("hopper", 10**30)):
        gone = server.client.get(f"/media/{sent[name]}/frames/{number}")
        assert problem(gone, 422)["detail"] == f"there is no frame number {number}"


def test_people_of_a_target_without_any(server: Server, sent: dict[str, str]) -> None:
    path, state = f"/media/{sent['nobody']}/people", "searching"
    while state == "searching":
        found = server.client.get(path).json()
        state = found["state"]
    assert state == "failed"
    assert found["error"]["code"] == "no_face"
    assert "nobody.png" in found["error"]["detail"]
    assert server.client.get(f"{path}/0/picture").status_code == 404


def test_what_the_server_can_do(server: Server) -> None:
    found = server.client.get("/capabilities").json()
    mesh = next(each for each in found["processors"] if each["name"] == "mesh")
    assert mesh["engine"]
    assert mesh["available"]
    options = found["options"]["properties"]
    described = FaceOptions.model_fields["many_faces"].description
    assert options["many_faces"]["description"] == described
    assert options["output_video_quality"]["maximum"] == 100
    assert options["face_shape"]["type"] == "number"
    assert {"reference", "map", "map_file", "record", "force"}.isdisjoint(options)
    assert ".mp4" in found["extensions"]
