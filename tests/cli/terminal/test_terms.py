"""The first job at a terminal shows the terms of use, once."""

import os
import subprocess
from pathlib import Path

import pytest

from support.terminal import command, environment, read_terminal

pty = pytest.importorskip("pty", reason="Windows has no such terminals")


def at_terminal(data: Path, *arguments: str) -> str:
    """Run a job that fails at once, and return what it prints to the terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("swap", "-s", "no.png", "-t", "no.png", "-o", "out.png", *arguments),
        cwd=data,
        env=environment() | {"XDG_DATA_HOME": str(data), "TERM": "dumb"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        printed = read_terminal(ours)
    assert process.returncode == 3
    return printed


def test_the_notice_appears_once(tmp_path: Path) -> None:
    assert "consent of the people" in at_terminal(tmp_path)
    assert "consent" not in at_terminal(tmp_path)


def test_accepting_the_terms_skips_the_notice(tmp_path: Path) -> None:
    assert "consent" not in at_terminal(tmp_path, "--accept-terms")
    assert "consent" not in at_terminal(tmp_path)


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_scripts_get_no_notice(tmp_path: Path, flag: str) -> None:
    assert "consent" not in at_terminal(tmp_path, flag)
    assert "consent" in at_terminal(tmp_path)


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "roop").touch()
    assert "consent" in at_terminal(tmp_path)
    assert "no.png" in at_terminal(tmp_path)
