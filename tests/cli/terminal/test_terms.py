"""What the first job at a terminal says, once."""

import os
import subprocess
from pathlib import Path

import pytest

from support.terminal import command, environment

pty = pytest.importorskip("pty", reason="Windows has no such terminals")


def at_terminal(data: Path, *arguments: str) -> str:
    """Run a job that fails at once, and return what a person sees of it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("swap", "-s", "no.png", "-t", "no.png", "-o", "out.png", *arguments),
        cwd=data,
        env=environment() | {"XDG_DATA_HOME": str(data), "TERM": "dumb"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # how Linux ends a terminal whose other side has closed
            pass
        finally:
            os.close(ours)
    assert process.returncode == 3
    return b"".join(parts).decode()


def test_they_are_said_once(tmp_path: Path) -> None:
    assert "consent of the people" in at_terminal(tmp_path)
    assert "consent" not in at_terminal(tmp_path)


def test_who_accepts_them_is_not_told(tmp_path: Path) -> None:
    assert "consent" not in at_terminal(tmp_path, "--accept-terms")
    assert "consent" not in at_terminal(tmp_path)


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_programs_are_not_told(tmp_path: Path, flag: str) -> None:
    assert "consent" not in at_terminal(tmp_path, flag)
    assert "consent" in at_terminal(tmp_path)


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "roop").touch()
    assert "consent" in at_terminal(tmp_path)
    assert "no.png" in at_terminal(tmp_path)
