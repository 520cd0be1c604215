"""Requests that the schema allows, and others: the server answers them all without failing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.server import API, Json, Server, running

pytestmark = pytest.mark.slow

STREAMS = "/events$"
"""They do not end."""

SECONDS = 60
"""A limit of the whole run: fewer requests are sent on a slow machine."""


def test_no_request_is_an_internal_error(files: dict[str, Path], tmp_path: Path) -> None:
    with running(tmp_path, "--max-queue", "20", "--workers", "1") as server:
        photo, film = server.upload(files["hopper"]), server.upload(files["pair"])
        upload = server.start_upload(1000, "half.png")
        job = server.start_job(photo, photo)["id"]
        server.ended(job)
        schema: Json = server.client.get("/openapi.json").json()
        known = {"media": [photo, film], "jobs": [job], "uploads": [upload]}
        refer_to(known, schema)
        (tmp_path / "schema.json").write_text(json.dumps(schema))
        for methods in (["--exclude-method", "DELETE"], ["--include-method", "DELETE"]):
            log = fuzz(server, tmp_path, methods)
            assert " passed" in log
        assert server.client.get("/healthz").is_success


def refer_to(known: dict[str, list[str]], schema: Json) -> None:
    """Let requests name what is on the server: ids that are made up lead nowhere."""
    for path, operations in schema["paths"].items():
        resource = path.removeprefix(API).split("/")[1]
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "id" and resource in known:
                    parameter["schema"] = {"enum": known[resource]}
    for part in schema["components"]["schemas"].values():
        fields: dict[str, Any] = part.get("properties", {})
        if "target" in fields and "sources" in fields:
            fields["target"] = {"enum": known["media"]}
            fields["sources"] = {"type": "array", "items": {"enum": known["media"]}, "maxItems": 2}


def fuzz(server: Server, folder: Path, methods: list[str]) -> str:
    """Send requests for a while; return what was printed."""
    base = str(server.client.base_url).removesuffix("/").removesuffix(API)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", folder / "schema.json"),
            *("--url", base, "--checks", "not_a_server_error", "--continue-on-failure"),
            *("--max-time", str(SECONDS), "--max-examples", "20", "--seed", "1"),
            *("--request-timeout", "60", "--warnings", "off", "--no-color"),
            *("--phases", "coverage,fuzzing", "--exclude-path-regex", STREAMS, *methods),
            # Its type of body is none that can be made up; its own tests send it.
            *("--exclude-operation-id", "append_api_v1_uploads__id__patch"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 300,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return run.stdout
