"""Saved identities over HTTP: saved from photos, used as a source, shown and deleted."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from support.server import Json, Server, problem


@pytest.fixture
def alice(server: Server, sent: dict[str, str]) -> Iterator[Json]:
    """A saved identity."""
    body = {"name": " alice 1 ", "sources": [sent["astronaut"]]}
    made = server.client.post("/identities", json=body)
    assert made.status_code == 201, made.text
    yield made.json()
    server.client.delete(f"/identities/{made.json()['id']}")


def test_a_saved_identity_is_a_source(server: Server, sent: dict[str, str], alice: Json) -> None:
    client = server.client
    assert alice["name"] == "alice 1"
    assert client.get("/identities").json()["items"] == [alice]
    picture = client.get(alice["picture"].removeprefix("/api/v1"))
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert 64 < shown.width == shown.height <= 240
    draft = {"target": sent["hopper"], "sources": [alice["id"]]}
    assert client.post("/previews", json={"draft": draft}).json()["faces"]
    job = server.ended(server.start_job(sent["hopper"], alice["id"])["id"])
    assert (job["state"], job["name"]) == ("succeeded", "alice 1-hopper.png")
    assert client.delete(f"/identities/{alice['id']}").status_code == 204
    assert client.get("/identities").json()["items"] == []
    assert problem(client.post("/previews", json={"draft": draft}), 404)["code"] == "not_found"


def test_an_identity_that_a_job_needs_stays(
    server: Server, sent: dict[str, str], alice: Json
) -> None:
    client = server.client
    job = server.start_job(sent["slow"], alice["id"])["id"]
    client.post(f"/jobs/{job}/pause")
    server.until(job, lambda now: now["state"] == "paused")
    refusal = problem(client.delete(f"/identities/{alice['id']}"), 409)
    assert refusal["hint"] == "cancel the job first"
    client.delete(f"/jobs/{job}")


@pytest.mark.parametrize("name", ["../alice", "a/b", "alice.identity", "nul", "", " ", "a" * 61])
def test_a_name_is_no_path(server: Server, sent: dict[str, str], name: str) -> None:
    body = {"name": name, "sources": [sent["astronaut"]]}
    assert problem(server.client.post("/identities", json=body), 422)["code"] == "usage"
    assert server.client.get("/identities").json()["items"] == []


def test_nothing_is_saved_that_is_no_face(
    server: Server, sent: dict[str, str], alice: Json
) -> None:
    def refused(name: str, *sources: str) -> Json:
        body = {"name": name, "sources": [sent[source] for source in sources]}
        return problem(server.client.post("/identities", json=body), 422)

    assert refused("bob", "nobody")["detail"] == "no face found in nobody.png"
    assert refused("bob", "astronaut", "drawing")["code"] == "refused"
    assert refused("bob", "pair")["hint"] == "faces are taken from photos"
    body = {"name": alice["name"], "sources": [sent["hopper"]]}
    assert "delete that one" in problem(server.client.post("/identities", json=body), 409)["hint"]
    assert server.client.get("/identities").json()["items"] == [alice]
