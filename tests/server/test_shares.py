"""Sharing a result by HTTP."""

from pathlib import Path
from urllib.parse import urlsplit

from support.server import API, Server, problem, running


def test_share_a_result_and_take_it_back(files: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "shared"
    place.mkdir()
    with running(tmp_path, ROOP_SHARE_TO=place.as_uri()) as server:
        client = server.client
        assert client.get("/capabilities").json()["sharing"]
        job = server.start_job(server.upload(files["both"]), server.upload(files["hopper"]))["id"]
        assert problem(client.post(f"/jobs/{job}/shares"), 409)["code"] == "conflict"
        server.ended(job)
        made = client.post(f"/jobs/{job}/shares")
        assert made.status_code == 201, made.text
        shared = made.json()
        (copy,) = place.iterdir()
        assert Path(urlsplit(shared["address"]).path) == copy
        assert copy.read_bytes() == client.get(f"/jobs/{job}/result").content
        again = client.post(f"/jobs/{job}/shares")
        assert (again.status_code, again.json()) == (200, shared)
        assert client.get(f"/jobs/{job}/shares").json() == [shared]
        code = client.get(shared["qr"].removeprefix(API))
        assert code.headers["Content-Type"].startswith("image/svg+xml")
        assert code.text.startswith("<svg")
        path = f"/jobs/{job}/shares/{shared['name']}"
        assert client.delete(path).status_code == 204
        assert list(place.iterdir()) == []
        assert problem(client.delete(path), 404)
        assert client.get(f"/jobs/{job}/shares").json() == []


def test_without_a_place_nothing_is_shared(server: Server, sent: dict[str, str]) -> None:
    job = server.start_job(sent["hopper"], sent["astronaut"])["id"]
    server.ended(job)
    assert not server.client.get("/capabilities").json()["sharing"]
    refused = problem(server.client.post(f"/jobs/{job}/shares"), 409)
    assert refused["detail"] == "no share target is configured on this server"
