"""The command ``roop models``."""

import json
from pathlib import Path

import pytest

from roop.models.catalogue import load_catalogue
from support.stand_ins import write_contract
from support.terminal import Roop


def test_a_custom_model_is_added_listed_verified_and_removed(roop: Roop, tmp_path: Path) -> None:
    write_contract(tmp_path / "mine.onnx", load_catalogue()["ghost_1_256"])
    folder = ("--models", tmp_path / "models")
    assert roop("models", "add", "mine.onnx", "--like", "ghost_1_256", *folder).returncode == 0
    listed = roop("models", "list", "--task", "swap", "--json", *folder)
    (row,) = [row for row in json.loads(listed.stdout) if row["name"] == "mine"]
    assert (row["state"], row["licence"], row["family"]) == ("present", "unclear", "ghost")
    assert roop("models", "verify", "mine", *folder).stdout == "mine: present\n"
    with (tmp_path / "mine.onnx").open("ab") as file:
        file.write(b"x")
    checked = roop("models", "verify", *folder)
    assert checked.returncode == 4
    assert "mine: damaged" in checked.stdout
    assert roop("models", "remove", "mine", *folder).stdout == "mine: forgotten\n"


def test_the_list_shows_the_licences(roop: Roop, tmp_path: Path) -> None:
    lines = roop("models", "list", "--models", tmp_path).stdout.splitlines()
    assert len(lines) == len(list(load_catalogue()))
    (line,) = [line for line in lines if line.startswith("inswapper_128 ")]
    assert line.split()[1:5] == ["swap", "non-commercial", "554.3", "MB"]
    assert "InsightFace" in line


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lst"], 2, "did you mean 'list'"),
        (["pull"], 2, "MODEL"),
        (["pull", "inswaper_128"], 4, "unknown model"),
        (["pull", "inswapper", "--offline"], 4, "huggingface.co"),
        (["pull", "inswapper", "--licence", "permissive"], 4, "ghost"),
        (["import", "none.tar"], 4, "none.tar"),
        (["export", "b.tar", "sface"], 4, "roop models pull sface"),
        (["remove", "face_mesh"], 4, "is part of the package roop"),
    ],
)
def test_an_error_says_what_to_do(
    roop: Roop, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    run = roop("models", *arguments, "--models", tmp_path / "models")
    assert (run.returncode, run.stdout) == (code, "")
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 2


def test_help_lists_every_command(roop: Roop) -> None:
    run = roop("models", "--help")
    assert run.returncode == 0
    for word in ("list", "pull", "verify", "remove", "export", "import", "add"):
        assert f"\n  {word} " in run.stdout
