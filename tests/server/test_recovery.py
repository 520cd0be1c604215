"""What survives killed servers and workers and many clients, and what is deleted in time."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from support.clips import times
from support.job_processes import job_processes
from support.server import PATCH, TUS, Json, Server, problem, running, stop

pytestmark = pytest.mark.slow


def in_progress(job: Json) -> bool:
    return bool(job["progress"] and job["progress"]["frames"] > 20)


def test_a_killed_server_goes_on_where_it_was(files: dict[str, Path], tmp_path: Path) -> None:
    data = files["pair"].read_bytes()
    with running(tmp_path, "--workers", "1") as first:
        source = first.upload(files["hopper"])
        slow = first.start_job(first.upload(files["slow"]), source)["id"]
        more = [first.start_job(first.upload(files["both"]), source)["id"] for _ in range(2)]
        upload = first.start_upload(len(data), "pair.mp4")
        half = PATCH | {"Upload-Offset": "0"}
        assert first.client.patch(f"/uploads/{upload}", content=data[:999], headers=half).is_success
        first.until(slow, in_progress)
        children = psutil.Process(first.process.pid).children()
        first.kill()
    with running(tmp_path, "--workers", "1") as second:
        done = [second.ended(id) for id in (slow, *more)]
        assert [job["state"] for job in done] == ["succeeded"] * 3
        assert done[0]["summary"]["resumed"] >= 15
        (tmp_path / "out.mp4").write_bytes(second.client.get(f"/jobs/{slow}/result").content)
        assert times(tmp_path / "out.mp4") == times(files["slow"])
        headers = PATCH | {"Upload-Offset": "999"}
        rest = second.client.patch(f"/uploads/{upload}", content=data[999:], headers=headers)
        assert rest.status_code == 204
        assert second.client.get(f"/media/{upload}/content").content == data
        assert len(second.client.get("/jobs").json()["items"]) == 3
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_a_killed_worker_is_an_error_of_one_job(server: Server, sent: dict[str, str]) -> None:
    slow = server.start_job(sent["slow"], sent["hopper"])["id"]
    photo = server.start_job(sent["both"], sent["hopper"])["id"]
    server.until(slow, in_progress)
    (process,) = job_processes(server.process.pid)
    process.send_signal(signal.SIGKILL)
    failed = server.ended(slow)
    assert failed["error"]["code"] == "internal"
    assert "SIGKILL" in failed["error"]["detail"]
    assert problem(server.client.get(f"/jobs/{slow}/result"), 500)
    assert server.ended(photo)["state"] == "succeeded"
    assert server.client.post(f"/jobs/{slow}/retry").json()["state"] == "waiting"
    done = server.ended(slow)
    assert done["state"] == "succeeded"
    assert done["summary"]["resumed"] >= 15


def test_the_queue_has_an_end(files: dict[str, Path], tmp_path: Path) -> None:
    with running(tmp_path, "--max-queue", "1") as server:
        source, target = server.upload(files["hopper"]), server.upload(files["slow"])
        job = server.start_job(target, source)["id"]
        full = server.client.post("/jobs", json={"target": target, "sources": [source]})
        assert problem(full, 429)["detail"] == "there are 1 unfinished jobs"
        assert server.client.delete(f"/jobs/{job}").status_code == 204
        server.start_job(target, source)


def test_events_that_were_missed_come_again(server: Server, sent: dict[str, str]) -> None:
    client = server.client
    job = server.start_job(sent["hopper"], sent["astronaut"])["id"]
    server.ended(job)
    with client.stream("GET", "/events", headers={"Last-Event-ID": "0"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: ") and job in line:
                assert '"state":"succeeded"' in line
                break
    with client.stream("GET", f"/jobs/{job}/events") as stream:
        text = stream.read().decode()
    assert text.count("event: job") == 1


def test_what_nobody_needs_is_deleted_in_time(files: dict[str, Path], tmp_path: Path) -> None:
    with running(tmp_path, "--retention", "0.0005") as server:  # 1.8 seconds; swept at the start
        source, target = server.upload(files["hopper"]), server.upload(files["both"])
        job = server.start_job(target, source)["id"]
        server.ended(job)
        upload = server.start_upload(100, "half.png")
    time.sleep(2)
    with running(tmp_path, "--retention", "0.0005") as server:
        wait_for(lambda: server.client.get("/media").json()["items"] == [])
        assert server.client.get(f"/jobs/{job}").status_code == 404
        assert server.client.head(f"/uploads/{upload}", headers=TUS).status_code == 404
    folder = tmp_path / "roop/server"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["lock"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ctrl_c_ends_it_at_once_and_its_jobs_wait(files: dict[str, Path], tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1") as server:
        job = server.start_job(server.upload(files["slow"]), server.upload(files["hopper"]))["id"]
        server.until(job, in_progress)
        with server.client.stream("GET", "/events") as stream:
            server.process.send_signal(signal.SIGINT)
            stream.read()  # it ends
        assert stop(server) == 0
    with running(tmp_path, "--workers", "1") as again:
        assert again.ended(job)["summary"]["resumed"] >= 15
