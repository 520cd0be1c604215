"""Sharing a result by HTTP."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from support.server import API, Server, problem, running


@pytest.mark.slow
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


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with ObjectStore() as store:
        yield store


@pytest.mark.slow
def test_links_of_all_jobs_stay_when_the_jobs_are_deleted(
    files: dict[str, Path], tmp_path: Path
) -> None:
    place = tmp_path / "shared"
    place.mkdir()
    with running(tmp_path, ROOP_SHARE_TO=place.as_uri()) as server:
        client = server.client
        target, source = server.upload(files["both"]), server.upload(files["hopper"])
        jobs = [server.start_job(target, source)["id"] for _ in range(3)]
        names = []
        for job in jobs:
            server.ended(job)
            names.append(client.post(f"/jobs/{job}/shares").json()["name"])
        assert client.delete(f"/jobs/{jobs[0]}").status_code == 204
        first = client.get("/shares", params={"limit": 2}).json()
        assert [each["job"] for each in first["items"]] == [jobs[2], jobs[1]]
        rest = client.get("/shares", params={"limit": 2, "cursor": first["next"]}).json()
        assert [each["name"] for each in rest["items"]] == [names[0]]
        assert first["items"][0]["title"] == "hopper-both.png"
        assert rest["items"][0]["title"] == names[0]
        assert client.get(rest["items"][0]["qr"].removeprefix(API)).text.startswith("<svg")
        assert rest["next"] is None
        assert client.delete(f"/shares/{names[0]}").status_code == 204
        assert len(list(place.iterdir())) == 2
        assert problem(client.delete(f"/shares/{names[0]}"), 404)["hint"]


@pytest.mark.slow
def test_an_upload_is_followed_and_happens_once(
    files: dict[str, Path], tmp_path: Path, store: ObjectStore
) -> None:
    store.behaviour = "held"
    with running(tmp_path, **at(store)) as server, ThreadPoolExecutor(1) as threads:
        client = server.client
        job = server.start_job(server.upload(files["both"]), server.upload(files["hopper"]))["id"]
        server.ended(job)
        path = f"/jobs/{job}/shares"
        sharing = threads.submit(client.post, path)
        deadline = time.monotonic() + 60
        while not (now := client.get(f"{path}/progress").json())["sharing"]:
            assert time.monotonic() < deadline
        size = int(client.head(f"/jobs/{job}/result").headers["Content-Length"])
        assert now["total"] == size
        assert problem(client.post(path), 409)["detail"] == "the result is being shared"
        with client.stream("GET", f"{path}/events") as stream:
            lines = stream.iter_lines()
            assert '"sharing":true' in next(line for line in lines if line.startswith("data"))
            store.release.set()
            assert any('"sharing":false' in line for line in lines)
        assert sharing.result(60).status_code == 201
        assert client.post(path).status_code == 200
        assert len(store.objects) == 1


@pytest.mark.slow
def test_a_full_bucket_is_a_problem_with_a_hint(
    files: dict[str, Path], tmp_path: Path, store: ObjectStore
) -> None:
    store.behaviour = "full"
    with running(tmp_path, **at(store)) as server:
        job = server.start_job(server.upload(files["both"]), server.upload(files["hopper"]))["id"]
        server.ended(job)
        failed = problem(server.client.post(f"/jobs/{job}/shares"), 502)
        assert failed["code"] == "share"
        assert failed["hint"]
        assert SECRET_KEY not in str(failed)
        assert server.client.get("/shares").json()["items"] == []
        assert not server.client.get(f"/jobs/{job}/shares/progress").json()["sharing"]
        assert store.objects == {}


def at(store: ObjectStore) -> dict[str, str]:
    """Return the environment of a server that shares to ``store``."""
    return {
        "ROOP_SHARE_TO": "supabase://project/private",
        "ROOP_SHARE_ENDPOINT": store.address,
        "ROOP_SHARE_ACCESS_KEY": ACCESS_KEY,
        "ROOP_SHARE_SECRET_KEY": SECRET_KEY,
        "NO_PROXY": "127.0.0.1,localhost",
    }
