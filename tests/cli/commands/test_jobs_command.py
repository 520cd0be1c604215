"""The command ``roop jobs``: what it lists of the queue."""

import json
import subprocess
from pathlib import Path

import pytest

from roop.jobs.queue import Queue
from roop.options import Job
from support.terminal import command, environment


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(sources=(tmp_path / "a.png",), target=tmp_path / "b.mp4", output=tmp_path / "c.mp4")


def roop(folder: Path, *arguments: str) -> str:
    environ = environment() | {"XDG_DATA_HOME": str(folder)}
    done = subprocess.run(
        command(*arguments), env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_it_lists_the_queue(job: Job, tmp_path: Path) -> None:
    with Queue(tmp_path / "roop" / "jobs.sqlite3") as queue:
        for number in range(30):
            each = job.model_copy(update={"output": tmp_path / f"{number}.mp4"})
            lease = queue.claim(queue.add(each))
            assert lease is not None
            queue.finish(lease, "failed", error={"code": "media", "message": "it is broken"})
        waiting = queue.submit(job)
        running = queue.submit(job.model_copy(update={"output": tmp_path / "d.mp4"}))
        lease = queue.claim(running)
        assert lease is not None
        queue.report(lease, {"frames": 12, "total": 250})
        listed = roop(tmp_path, "jobs")
        everything = json.loads(roop(tmp_path, "jobs", "--json"))
    assert f"{tmp_path / 'c.mp4'}\n  from {tmp_path / 'b.mp4'}\n  {waiting.id}, waiting\n" in listed
    assert f"{running.id}, running, 12 of 250 frames" in listed
    assert f"{tmp_path / '29.mp4'}" in listed
    assert ": it is broken\n" in listed
    assert f"{tmp_path / '9.mp4'}\n" not in listed
    assert listed.endswith("10 older jobs: roop jobs --all\n")
    assert len(everything) == 32
    assert everything[0]["state"] == "running"
