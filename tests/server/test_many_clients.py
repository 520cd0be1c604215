"""A long queue that many clients poll and listen to at once."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from support.server import Server, running

pytestmark = pytest.mark.slow

JOBS, LISTENERS, POLLERS = 500, 20, 20

MEMORY = 60_000_000
"""Bytes by which the server may grow while its clients come and go."""

ENDED = {"succeeded", "failed", "cancelled"}


@dataclass
class Poller:
    """Lists the queue by pages, over and over."""

    rounds: int = 0
    seen: set[str] = field(default_factory=set)

    def poll(self, base: str, leaving: threading.Event) -> None:
        with httpx.Client(base_url=base, timeout=120, trust_env=False) as client:
            while not leaving.is_set():
                for job in self._pages(client):
                    self.seen.add(job)
                self.rounds += 1

    def _pages(self, client: httpx.Client) -> Iterator[str]:
        cursor: str | None = None
        while True:
            query: dict[str, Any] = {"limit": 90} | ({"cursor": cursor} if cursor else {})
            answer = client.get("/jobs", params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from (job["id"] for job in page["items"])
            cursor = page["next"]
            if cursor is None:
                return
            time.sleep(0.2)


def ends_heard_of(base: str, ready: threading.Barrier) -> dict[str, str]:
    """Listen until so many jobs have ended; return their final states."""
    heard: dict[str, str] = {}
    with (
        httpx.Client(timeout=120, trust_env=False) as client,
        client.stream("GET", f"{base}events") as stream,
    ):
        ready.wait(60)
        for line in stream.iter_lines():
            if line.startswith("data: "):
                job = json.loads(line.removeprefix("data: "))
                if job["state"] in ENDED:
                    heard[job["id"]] = job["state"]
            if len(heard) == JOBS:
                break
    return heard


def test_nobody_misses_an_end(files: dict[str, Path], tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1") as server:
        photo, film = server.upload(files["hopper"]), server.upload(files["slow"])
        base, process = str(server.client.base_url), psutil.Process(server.process.pid)
        ready, leaving = threading.Barrier(LISTENERS + 1), threading.Event()
        pollers = [Poller() for _ in range(POLLERS)]
        with ThreadPoolExecutor(LISTENERS + POLLERS) as clients, ThreadPoolExecutor(8) as senders:
            listening = [clients.submit(ends_heard_of, base, ready) for _ in range(LISTENERS)]
            ready.wait(60)
            polling = [clients.submit(each.poll, base, leaving) for each in pollers]
            ids = list(senders.map(lambda n: submitted(server, photo, film, n), range(JOBS)))
            wait_for_rounds(pollers)
            before = process.memory_info().rss
            states = list(senders.map(lambda id: cancelled(server, id), ids))
            assert set(states) <= {"cancelled", "running", "succeeded"}
            heard = [each.result(300) for each in listening]
            wait_for_rounds(pollers)
            leaving.set()
            for each in polling:
                each.result(120)
        grown = process.memory_info().rss - before
        assert grown < MEMORY
    assert all(each == heard[0] for each in heard)
    assert heard[0].keys() == set(ids)
    assert list(heard[0].values()).count("cancelled") >= JOBS - 20
    assert all(each.seen == set(ids) for each in pollers)
    with running(tmp_path) as again:
        everyone = again.client.get("/jobs", params={"limit": 500}).json()["items"]
        assert {job["id"]: job["state"] for job in everyone} == heard[0]


def submitted(server: Server, photo: str, film: str, number: int) -> str:
    """Submit a job: now and then one that is soon done."""
    id: str = server.start_job(photo if number % 50 == 0 else film, photo)["id"]
    return id


def cancelled(server: Server, id: str) -> str:
    answer = server.client.post(f"/jobs/{id}/cancel")
    assert answer.status_code in (200, 409), answer.text  # 409: it has just ended
    return "succeeded" if answer.status_code == 409 else str(answer.json()["state"])


def wait_for_rounds(pollers: list[Poller]) -> None:
    """Wait until all have listed the queue twice."""
    before = [each.rounds for each in pollers]
    deadline = time.monotonic() + 300
    while any(each.rounds < was + 2 for each, was in zip(pollers, before, strict=True)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
