"""The API's schema: made from the code, and the same as the file in the documentation."""

import json
import subprocess
import sys

import pytest

import roop.errors
from roop.errors import RoopError
from roop.server.responses.problems import STATUSES
from support.server import Json
from support.terminal import ROOT

FILE = ROOT / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Return the schema as the script makes it today."""
    file = tmp_path_factory.mktemp("schema") / "openapi.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "make_openapi.py", file], check=True)
    found: Json = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_file_is_the_code_s(made: Json) -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    kept["info"]["version"] = made["info"]["version"]
    assert kept == made, "run scripts/make_openapi.py"


def test_every_error_of_every_route_is_a_problem(made: Json) -> None:
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
