"""The API's schema: made from the code, and the same as the file in the documentation."""

import json
from pathlib import Path

import roop.errors
from roop.errors import RoopError
from roop.jobs.queue import Queue
from roop.options import Settings, ShareOptions
from roop.processors import BUILTIN
from roop.processors.base import Registry
from roop.server.app import Setup, create_app
from roop.server.options import ServerOptions
from roop.server.responses.problems import STATUSES
from roop.server.studio.job_defaults import JobDefaults
from support.server import Json
from support.terminal import ROOT

FILE = ROOT / "docs" / "openapi.json"


def schema(folder: Path) -> Json:
    with Queue(folder / "jobs.sqlite3") as queue:
        registry = Registry(BUILTIN)
        setup = Setup(
            ServerOptions(),
            Settings(),
            registry,
            queue,
            folder,
            ShareOptions(),
            JobDefaults(),
            token=None,
        )
        return create_app(setup).openapi()


def test_the_file_is_the_code_s(tmp_path: Path) -> None:
    made = schema(tmp_path)
    made["info"]["version"] = json.loads(FILE.read_text())["info"]["version"]
    assert json.loads(FILE.read_text()) == made, "run scripts/make_openapi.py"


def test_every_error_of_every_route_is_a_problem(tmp_path: Path) -> None:
    made = schema(tmp_path)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (path, method)
            assert operation["summary"], (path, method)
    assert "HTTPValidationError" not in json.dumps(made)


def test_every_kind_of_error_has_a_status() -> None:
    kinds = [kind for kind in vars(roop.errors).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, RoopError)}
    assert codes <= STATUSES.keys()
    assert all(400 <= status < 600 for status in STATUSES.values())
