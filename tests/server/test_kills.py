"""A server and its workers, killed over and over: nothing is lost, done twice or left behind."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from roop.jobs.queue import Queue
from roop.provenance.verify import verify_file
from support.job_processes import job_processes
from support.server import PATCH, TUS, Server, running

pytestmark = pytest.mark.slow

KILLS = 4

JOBS = 30

PIECE = 20_000
"""Bytes of an upload that are sent at once."""


@dataclass
class Tally:
    """What became of every job, as the queue tells whoever listens."""

    folder: Path
    ends: dict[str, list[str]] = field(default_factory=dict)
    """The final states of each job, in order."""
    outputs: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Inode and time of each output when its job succeeded."""

    def jobs(self) -> set[str]:
        with Queue(self.folder / "roop/jobs.sqlite3") as queue:
            return {job.id for job in queue.jobs()}

    @contextmanager
    def watching(self) -> Iterator[None]:
        leaving = threading.Event()
        thread = threading.Thread(target=self._watch, args=(leaving,))
        thread.start()
        try:
            yield
        finally:
            leaving.set()
            thread.join()

    def _watch(self, leaving: threading.Event) -> None:
        revision, last = 0, False
        with Queue(self.folder / "roop/jobs.sqlite3") as queue:
            while not last:
                last = leaving.wait(0.01)
                changes = queue.changes(revision)
                revision = changes.revision
                for job in changes.jobs:
                    if job.ended is None:
                        continue
                    self.ends.setdefault(job.id, []).append(job.state)
                    if job.state == "succeeded":
                        found = job.job.output.stat()
                        self.outputs[job.id] = found.st_ino, found.st_mtime_ns


@dataclass
class Client:
    """Sends an upload piece by piece and jobs with keys, and repeats what was not answered."""

    source: str
    target: str
    photo: bytes
    upload: str | None = None
    uploads: list[str] = field(default_factory=list)
    """Complete ones."""
    jobs: set[str] = field(default_factory=set)
    wanted: int = 0
    """Number of keys that were used so far."""

    def work(self, base: str, leaving: threading.Event) -> None:
        """Go on until the server is gone."""
        with suppress(httpx.HTTPError), httpx.Client(base_url=base, timeout=60) as client:
            while not leaving.is_set():
                self._send(client)
                if self.wanted < JOBS:
                    self._start_job(client)

    def _start_job(self, client: httpx.Client) -> None:
        body = {"target": self.target, "sources": [self.source]}
        key = {"Idempotency-Key": f"job {self.wanted}"}
        made = client.post("/jobs", json=body, headers=key)
        assert made.status_code in (200, 201), made.text
        self.jobs.add(made.json()["id"])
        self.wanted += 1

    def _send(self, client: httpx.Client) -> None:
        if self.upload is None:
            length = {"Upload-Length": str(len(self.photo))}
            made = client.post("/uploads", headers=TUS | length)
            assert made.status_code == 201, made.text
            self.upload = made.headers["Location"].rpartition("/")[2]
        state = client.head(f"/uploads/{self.upload}", headers=TUS)
        assert state.status_code == 200, state.headers
        offset = int(state.headers["Upload-Offset"])
        if offset < len(self.photo):
            headers = PATCH | {"Upload-Offset": str(offset)}
            piece = self.photo[offset : offset + PIECE]
            sent = client.patch(f"/uploads/{self.upload}", content=piece, headers=headers)
            assert sent.status_code == 204, sent.text
        else:
            self.uploads.append(self.upload)
            self.upload = None


def kill_server(server: Server, moments: random.Random) -> None:
    time.sleep(moments.uniform(0.2, 2.5))
    server.kill()


def kill_all(server: Server, moments: random.Random) -> None:
    """Kill the server and all its children, as a lack of memory or power does."""
    time.sleep(moments.uniform(0.2, 2.5))
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def kill_worker(server: Server, moments: random.Random) -> None:
    """Kill what does jobs, as soon as there is something."""
    time.sleep(moments.uniform(0.2, 1.5))
    deadline = time.monotonic() + 60
    while not (found := job_processes(server.process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    found[0].kill()


@pytest.mark.parametrize("kill", [kill_server, kill_all, kill_worker])
def test_killed_again_and_again(
    files: dict[str, Path], tmp_path: Path, kill: Callable[[Server, random.Random], None]
) -> None:
    moments, tally = random.Random(kill.__name__), Tally(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    @contextmanager
    def started() -> Iterator[Server]:
        with running(tmp_path, "--workers", "1", TMPDIR=str(temporary)) as server:
            children = psutil.Process(server.process.pid).children(recursive=True)
            yield server
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive

    with started() as server:
        source, target = server.upload(files["hopper"]), server.upload(files["both"])
        film = server.start_job(server.upload(files["slow"]), source)["id"]
        client = Client(source, target, files["both"].read_bytes(), jobs={film})
    with tally.watching():
        for _ in range(KILLS):
            with started() as server, working(client, server):
                kill(server, moments)
        with started() as server:
            retried = finish(server)
            while not client.uploads:  # the one that was cut goes on
                client._send(server.client)
            kept = {id: server.client.get(f"/media/{id}/content") for id in client.uploads}
    assert {file.content for file in kept.values()} == {client.photo}
    states = {id: ["failed"] * (id in retried) + ["succeeded"] for id in client.jobs}
    assert tally.ends == states
    assert tally.jobs() == client.jobs
    check_outputs(tally, temporary)
    assert len(client.jobs) > 2
    assert client.uploads


@contextmanager
def working(client: Client, server: Server) -> Iterator[None]:
    leaving = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(client.work, str(server.client.base_url), leaving)
        try:
            yield
        finally:
            leaving.set()
        done.result(60)


def finish(server: Server) -> set[str]:
    """Wait until all jobs have succeeded; return those that had to be tried again."""
    retried: set[str] = set()
    deadline = time.monotonic() + 300
    while unfinished := server.client.get(
        "/jobs", params={"limit": 500, "state": ["waiting", "running", "failed"]}
    ).json()["items"]:
        assert time.monotonic() < deadline
        for job in unfinished:
            if job["state"] == "failed":
                assert job["error"]["code"] == "internal"
                assert job["id"] not in retried
                retried.add(job["id"])
                assert server.client.post(f"/jobs/{job['id']}/retry").is_success
        time.sleep(0.5)
    return retried


def check_outputs(tally: Tally, temporary: Path) -> None:
    folder = tally.folder / "roop"
    outputs = sorted(folder.glob("server/jobs/*/output.*"))
    assert len(outputs) == len(tally.outputs)
    for path in outputs:
        found = path.stat()
        assert tally.outputs[path.parent.name] == (found.st_ino, found.st_mtime_ns)
        assert verify_file(path, None).verdict == "intact"
    assert [path for path in folder.rglob("*") if "roop-" in path.name] == []
    assert list((folder / "leftovers").iterdir()) == []
    assert list(temporary.iterdir()) == []
    parts = {path.stem for path in (folder / "server/uploads").iterdir()}
    assert len(parts) <= 1  # the last one
