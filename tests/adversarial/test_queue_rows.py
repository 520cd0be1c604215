"""Rows of the queue whose owner or job is broken or foreign: nothing waits for them, nor fails."""

import json
import platform
import sqlite3
import time
from pathlib import Path

import pytest

from roop.jobs.lease import owner_of_process
from roop.jobs.queue import Queue
from roop.options import Job
from support.server import running

BROKEN_OWNERS = [
    *("", "nobody", "a b c d", f"{platform.node()} x 1.0 ab", f"{platform.node()} 99999999999 x y"),
    *(f"{platform.node()} -1 1.0 ab", f"{platform.node()} 1 nan ab", "\0", "é" * 9999),
]


def change(path: Path, **columns: object) -> None:
    """Change all rows of a queue, as another program or a damaged disk does."""
    names = ", ".join(f"{name} = ?" for name in columns)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(f"UPDATE jobs SET {names}", tuple(columns.values()))
    connection.close()


@pytest.fixture
def job(photo: Path, out: Path) -> Job:
    return Job(sources=(photo,), target=photo, output=out / "out.png")


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.mark.parametrize("owner", BROKEN_OWNERS)
def test_a_job_with_a_broken_owner_goes_to_the_next(job: Job, queue: Path, owner: str) -> None:
    with Queue(queue) as jobs:
        id = jobs.submit(job).id
        assert jobs.claim_next()
        change(queue, owner=owner, lease_end=time.time() + 50)
        claimed = jobs.claim_next()
        assert claimed is not None
        assert claimed[0].id == id
        assert jobs.finish(claimed[1], "succeeded")


def test_one_of_another_machine_does_when_its_lease_has_ended(job: Job, queue: Path) -> None:
    with Queue(queue) as jobs:
        jobs.submit(job)
        first = jobs.claim_next()
        assert first is not None
        change(queue, owner="another-machine 1 1.0 ab", lease_end=time.time() + 50)
        assert jobs.claim_next() is None
        assert not jobs.renew(first[1])
        change(queue, lease_end=time.time() - 1)
        assert jobs.claim_next() is not None


@pytest.mark.parametrize(
    "end",
    [None, -1e300, 0.0, 1e300, time.time() + 1e6],
    ids=["none", "before time", "1970", "never", "next week"],
)
def test_a_lease_without_a_sensible_end_has_ended(job: Job, queue: Path, end: float | None) -> None:
    with Queue(queue) as jobs:
        queued = jobs.submit(job)
        assert jobs.claim_next()
        change(queue, owner=owner_of_process(), lease_end=end)
        assert jobs.ask(queued.id, "cancel").state == "cancelled"


@pytest.mark.parametrize(
    "columns",
    [
        *({"job": "{}"}, {"job": "no JSON"}, {"job": "[" * 99_999}),
        *({"progress": "[1]"}, {"result": "x"}),
    ],
    ids=["empty", "text", "deep", "progress", "result"],
)
def test_a_job_that_cannot_be_read_is_in_nobody_s_way(
    job: Job, queue: Path, columns: dict[str, str]
) -> None:
    with Queue(queue) as jobs:
        broken = jobs.submit(job)
        jobs.add(job)
        change(queue, **columns)
        whole = jobs.submit(job)
        claimed = jobs.claim_next()
        assert claimed is not None
        assert claimed[0].id == whole.id
        assert jobs.claim_next() is None
        assert {job.id: job.state for job in jobs.jobs()}[whole.id] == "running"
        assert whole.id in [job.id for job in jobs.changes(0).jobs]
        left = jobs.get(broken.id)
        assert left is None or left.state == "failed"
        assert jobs.add(job).state == "running"
        jobs.remove(broken.id)


@pytest.mark.slow
def test_a_server_goes_on_with_the_others(photo: Path, job: Job, tmp_path: Path) -> None:
    data = tmp_path / "server"
    (data / "roop").mkdir(parents=True)
    with Queue(data / "roop/jobs.sqlite3") as jobs:
        for columns in ({"owner": "nobody", "state": "running"}, {"job": json.dumps({})}):
            jobs.submit(job)
            change(data / "roop/jobs.sqlite3", lease_end=time.time() + 50, **columns)
    with running(data) as server:
        sent = server.upload(photo)
        done = server.ended(server.start_job(sent, sent)["id"])
        assert done["state"] == "succeeded"
        assert [each["id"] for each in server.client.get("/jobs").json()["items"]] == [done["id"]]
