"""A server in a process of its own, and what a program does with it."""

import base64
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.terminal import command, environment

API = "/api/v1"

TUS = {"Tus-Resumable": "1.0.0"}

PATCH = TUS | {"Content-Type": "application/offset+octet-stream"}

Json = dict[str, Any]


@dataclass
class Server:
    """One that runs, and a client that may use it."""

    process: "subprocess.Popen[str]"
    address: str
    """As it was printed."""
    folder: Path
    """The user's data folder, which has the queue and the server's own folder."""
    client: httpx.Client

    def upload(self, path: Path, name: str | None = None) -> str:
        """Send a file; return its id."""
        data = path.read_bytes()
        upload = self.start_upload(len(data), name or path.name)
        headers = PATCH | {"Upload-Offset": "0"}
        done = self.client.patch(f"/uploads/{upload}", content=data, headers=headers)
        assert done.status_code == 204, done.text
        return upload

    def start_upload(self, length: int, name: str) -> str:
        encoded = base64.b64encode(name.encode()).decode()
        headers = {"Upload-Length": str(length), "Upload-Metadata": f"filename {encoded}"}
        made = self.client.post("/uploads", headers=TUS | headers)
        assert made.status_code == 201, made.text
        return made.headers["Location"].rpartition("/")[2]

    def start_job(self, target: str, *sources: str, **rest: Any) -> Json:  # noqa: ANN401 - JSON
        body = {"target": target, "sources": list(sources), **rest}
        made = self.client.post("/jobs", json=body)
        assert made.status_code == 201, made.text
        job: Json = made.json()
        return job

    def job(self, id: str) -> Json:
        found: Json = self.client.get(f"/jobs/{id}").raise_for_status().json()
        return found

    def until(self, id: str, condition: Callable[[Json], bool]) -> Json:
        """Wait until something is true of a job."""
        deadline = time.monotonic() + 100
        while not condition(job := self.job(id)):
            assert time.monotonic() < deadline, job
            assert self.process.poll() is None
            time.sleep(0.05)
        return job

    def ended(self, id: str) -> Json:
        return self.until(id, lambda job: job["ended"] is not None)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.client.close()


def environment_in(folder: Path) -> dict[str, str]:
    return environment() | {"XDG_DATA_HOME": str(folder)}


def start(folder: Path, *options: str, **variables: str) -> Server:
    """Start a server with a data folder of its own."""
    with (folder / "stderr").open("a") as stderr:
        process = subprocess.Popen(
            command("serve", "--port", "0", "--accept-terms", *options),
            env=environment_in(folder) | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, (folder / "stderr").read_text()
    base = address.partition("/enter")[0].rstrip("/")
    client = httpx.Client(base_url=base + API, timeout=60, trust_env=False)
    return Server(process, address, folder, client)


def stop(server: Server) -> int:
    """End a server as Ctrl+C does, if it has not ended; return its exit code."""
    server.client.close()
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGINT)
    code = server.process.wait(60)
    if server.process.stdout is not None:
        server.process.stdout.close()
    return code


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Server]:
    """Start a server, and end it; a test may do that itself."""
    server = start(folder, *options, **variables)
    try:
        yield server
        assert stop(server) in (0, -signal.SIGKILL), (folder / "stderr").read_text()
    finally:
        server.kill()


def problem(answer: httpx.Response, status: int) -> Json:
    """Return the problem that an answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: Json = answer.json()
    assert body["status"] == status
    return body
