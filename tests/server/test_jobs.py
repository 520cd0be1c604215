"""A whole swap by HTTP, as another program does it."""

import io
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from support.clips import times
from support.films import Film, elder_at, wall, woman_at
from support.server import Json, Server, problem, running
from support.terminal import command, environment


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, str, Json]]:
    """Yield (kind, id, data) of every server-sent event."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def verified(path: Path) -> str:
    """Return what ``roop verify`` says of a file."""
    done = subprocess.run(
        command("verify", "--json", path), env=environment(), capture_output=True, text=True
    )
    return done.stdout


def test_people_who_were_replaced_in_turn(
    server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    turns = [woman_at(150 + number) for number in range(9)]
    turns += [elder_at(150 + number, canvas=255 - wall()) for number in range(8)]
    target = server.upload(Film().write(tmp_path / "turns.mp4", turns))
    job = server.start_job(target, server.upload(files["hopper"]))
    summary = server.ended(job["id"])["summary"]
    assert summary["warnings"][0].startswith("2 people were replaced in turn, in 9 and 8 frames")
    people = [(each["frames"], each["position"]) for each in summary["replaced_people"]]
    assert people == [(9, 0), (8, 0)]


def test_upload_start_follow_fetch_and_delete(
    server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    client = server.client
    source, target = server.upload(files["hopper"]), server.upload(files["pair"], "Fähre 1.mp4")
    media = client.get(f"/media/{target}").json()
    assert (media["name"], media["kind"], media["frames"]) == ("Fähre 1.mp4", "video", 20)
    assert (media["width"], media["height"], media["fps"]) == (320, 240, 30)
    job = server.start_job(target, source, options={"many_faces": True})
    states = []
    with client.stream("GET", f"/jobs/{job['id']}/events") as stream:
        for kind, _, data in events_of(stream.iter_lines()):
            assert (kind, data["id"]) == ("job", job["id"])
            states.append(data["state"])
    assert states[-1] == "succeeded"
    done = server.job(job["id"])
    assert done["summary"]["swapped"] == 20
    assert done["progress"]["frames"] == 20
    assert done["name"] == "hopper-Fähre 1.mp4"
    assert done["request"]["options"] == {"many_faces": True}
    answer = client.get(done["result"].removeprefix("/api/v1"))
    assert answer.status_code == 200
    assert "hopper-F" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"] == "video/mp4"
    (tmp_path / "out.mp4").write_bytes(answer.content)
    assert times(tmp_path / "out.mp4") == times(files["pair"])
    assert json.loads(verified(tmp_path / "out.mp4"))[0]["verdict"] == "intact"
    assert client.delete(f"/jobs/{job['id']}").status_code == 204
    assert client.delete(f"/media/{target}").status_code == 204
    for path in (f"/jobs/{job['id']}", f"/media/{target}", f"/media/{target}/content"):
        assert problem(client.get(path), 404)["code"] == "not_found"
    assert not (server.folder / "roop/server/jobs" / job["id"]).exists()
    assert not (server.folder / "roop/server/media" / target).exists()


def test_two_people_get_two_faces(
    server: Server, sent: dict[str, str], files: dict[str, Path], tmp_path: Path
) -> None:
    client, target = server.client, sent["pair"]
    people = found_people(client, target)
    assert [person["position"] for person in people] == [0, 1]
    picture = client.get(people[0]["picture"].removeprefix("/api/v1"))
    assert Image.open(io.BytesIO(picture.content)).format == "JPEG"
    faces = client.get(f"/media/{target}/frames/10/faces").json()["faces"]
    assert [face["person"] for face in faces] == [0, 1]
    assignments = [
        {"sources": [sent[name]], "frame": person["frame"], "position": person["position"]}
        for name, person in zip(("hopper", "astronaut"), people, strict=True)
    ]
    job = server.start_job(target, assignments=assignments, name="swapped")
    done = server.ended(job["id"])
    assert done["state"] == "succeeded", done["error"]
    assert (done["name"], done["summary"]["faces"]) == ("swapped.mp4", 40)
    one = server.start_job(target, assignments=assignments[:1])
    assert server.ended(one["id"])["summary"]["faces"] == 20


def found_people(client: httpx.Client, target: str) -> list[Json]:
    deadline = time.monotonic() + 60
    while (found := client.get(f"/media/{target}/people").json())["state"] == "searching":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert found["state"] == "done", found
    people: list[Json] = found["people"]
    return people


def test_a_refusal_is_a_422_with_its_reason(server: Server, sent: dict[str, str]) -> None:
    job = server.start_job(sent["pair"], sent["drawing"])
    done = server.ended(job["id"])
    assert done["state"] == "failed"
    assert done["error"]["code"] == "refused"
    refused = problem(server.client.get(f"/jobs/{job['id']}/result"), 422)
    assert refused == done["error"]
    assert refused["detail"].startswith("drawing.png shows a bare female breast")
    assert "nudity" in refused["hint"]


def test_previews_are_screened_and_labelled(server: Server, sent: dict[str, str]) -> None:
    client = server.client
    draft = {"target": sent["pair"], "sources": [sent["hopper"]]}
    made = client.post("/previews", json={"draft": draft, "time_s": 0.3})
    assert made.status_code == 201, made.text
    shown = made.json()
    assert shown["time_s"] == pytest.approx(0.3)
    images = []
    for side in ("before", "after"):
        answer = client.get(shown[side].removeprefix("/api/v1"))
        images.append(np.asarray(Image.open(io.BytesIO(answer.content))).astype(int))
    (box,) = shown["faces"]
    changed = np.abs(images[1] - images[0]).mean(axis=2)
    assert changed[box[1] : box[3], box[0] : box[2]].mean() > 4
    assert changed[-20:, :60].mean() > 10
    refused = client.post("/previews", json={"draft": draft | {"sources": [sent["drawing"]]}})
    assert problem(refused, 422)["code"] == "refused"
    wrong = client.post("/previews", json={"draft": draft | {"target": sent["drawing"]}})
    assert problem(wrong, 422)["code"] == "refused"
    nobody = client.post("/previews", json={"draft": draft | {"sources": [sent["nobody"]]}})
    assert problem(nobody, 422)["detail"] == "no face found in nobody.png"
    frame = client.get(f"/media/{sent['drawing']}/frames/0")
    assert problem(frame, 422)["code"] == "refused"


@pytest.mark.slow
def test_cancel_retry_pause_and_resume(server: Server, sent: dict[str, str]) -> None:
    client = server.client
    first = server.start_job(sent["slow"], sent["hopper"])["id"]
    second = server.start_job(sent["both"], sent["hopper"], options={"many_faces": True})["id"]
    server.until(first, lambda job: bool(job["progress"] and job["progress"]["frames"] > 20))
    assert client.post(f"/jobs/{second}/pause").json()["state"] == "paused"
    assert client.post(f"/jobs/{first}/pause").json()["stopping"] in ("pause", None)
    paused = server.until(first, lambda job: job["state"] == "paused")
    assert paused["ended"] is None
    assert problem(client.get(f"/jobs/{first}/result"), 409)["detail"] == "the job is paused"
    assert client.post(f"/jobs/{first}/resume").json()["state"] == "waiting"
    again = server.until(first, lambda job: bool(job["progress"] and job["progress"]["resumed"]))
    assert again["progress"]["resumed"] >= 15
    client.post(f"/jobs/{first}/cancel")
    server.until(first, lambda job: job["state"] == "cancelled")
    assert client.post(f"/jobs/{second}/resume").json()["state"] == "waiting"
    done = server.ended(second)
    assert done["state"] == "succeeded", done["error"]
    assert problem(client.post(f"/jobs/{second}/cancel"), 409)["code"] == "conflict"
    assert problem(client.post(f"/jobs/{second}/retry"), 409)["code"] == "conflict"
    assert client.post(f"/jobs/{first}/retry").json()["state"] == "waiting"
    assert client.delete(f"/jobs/{first}").status_code == 204
    assert problem(client.get(f"/jobs/{first}"), 404)


def test_the_same_request_makes_one_job(server: Server, sent: dict[str, str]) -> None:
    client = server.client
    body = {"target": sent["hopper"], "sources": [sent["astronaut"]]}
    headers = {"Idempotency-Key": "once"}
    made = [client.post("/jobs", json=body, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in made] == [201, 200, 200]
    assert len({answer.json()["id"] for answer in made}) == 1
    other = client.post("/jobs", json=body | {"options": {"label": True}}, headers=headers)
    assert "Idempotency-Key" in problem(other, 422)["detail"]
    server.ended(made[0].json()["id"])


@pytest.mark.parametrize(
    ("change", "detail", "hint"),
    [
        ({"options": {"many_face": 1}}, "no option many_face", "did you mean many_faces?"),
        ({"options": {"fps": "x"}}, "fps needs a number, not 'x'", None),
        ({"options": {"reference": "/etc/passwd"}}, "reference cannot be set over HTTP", None),
        ({"options": {"map_file": "x.toml"}}, "map_file cannot be set over HTTP", None),
        ({"options": {"record": "x.json"}}, "record cannot be set over HTTP", None),
        ({"options": {"keep_frames": True}}, "keep_frames cannot be set over HTTP", None),
        ({"target": "../../etc/passwd"}, "target must match", None),
        ({"sources": []}, "there is no source photo", "name at least one"),
        ({"colour": 1}, "there is no option colour", None),
    ],
)
def test_a_wrong_job_is_one_sentence(
    server: Server, sent: dict[str, str], change: Json, detail: str, hint: str | None
) -> None:
    body = {"target": sent["pair"], "sources": [sent["hopper"]]} | change
    found = problem(server.client.post("/jobs", json=body), 422)
    assert detail in found["detail"]
    assert found["code"] == "usage"
    if hint is not None:
        assert found["hint"] == hint


def test_a_job_for_what_is_not_there(server: Server, sent: dict[str, str]) -> None:
    client = server.client
    body = {"target": "0" * 32, "sources": [sent["hopper"]]}
    assert problem(client.post("/jobs", json=body), 404)["detail"] == "there is no such file"
    body = {"target": sent["hopper"], "sources": [sent["pair"]]}
    assert "pair.mp4 is a video" in problem(client.post("/jobs", json=body), 422)["detail"]
    for headers in ({}, {"Content-Type": "application/json"}):
        answer = client.post("/jobs", content=b"{", headers=headers)
        assert problem(answer, 400)["detail"] == "the body is not JSON"
    assert problem(client.get("/jobs/unknown"), 404)["hint"] == "it may have expired"


def test_media_in_use_stay(server: Server, files: dict[str, Path], sent: dict[str, str]) -> None:
    client, target = server.client, server.upload(files["slow"])
    job = server.start_job(target, sent["hopper"])["id"]
    assert "not finished" in problem(client.delete(f"/media/{target}"), 409)["detail"]
    assert client.delete(f"/jobs/{job}").status_code == 204
    assert client.delete(f"/media/{target}").status_code == 204


@pytest.mark.slow
def test_configured_options_are_the_defaults_of_jobs(
    files: dict[str, Path], tmp_path: Path
) -> None:
    configured = {"ROOP_MANY_FACES": "true", "ROOP_KEEP_FRAMES": "true", "ROOP_REFERENCE": "x.jpg"}
    with running(tmp_path, **configured) as server:
        schema = server.client.get("/capabilities").json()["options"]["properties"]
        assert schema["many_faces"]["default"] is True
        assert "keep_frames" not in schema
        target, source = server.upload(files["both"]), server.upload(files["hopper"])
        every = server.start_job(target, source)["id"]
        one = server.start_job(target, source, options={"many_faces": False})["id"]
        assert server.ended(every)["summary"]["faces"] == 2
        assert server.ended(one)["summary"]["faces"] == 1
