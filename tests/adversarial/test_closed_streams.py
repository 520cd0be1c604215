"""Closed streams, a full disk behind them and too little memory: each ends with one clear line."""

import os
import subprocess
from pathlib import Path

import pytest

from roop.errors import unexpected
from support.terminal import command, environment

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


def run(redirections: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command with the shell's redirections."""
    line = f'"$@" {redirections}'
    return subprocess.run(
        ["sh", "-c", line, "sh", *command(*arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_any_stream_a_photo_is_made(photo: Path, out: Path) -> None:
    """The output's descriptor is none that something is printed to."""
    done = run("<&- >&- 2>&-", "swap", "-s", photo, "-t", photo, "-o", out / "x.png")
    assert done.returncode == 0
    assert [path.name for path in out.iterdir()] == ["x.png"]
    checked = run("", "verify", out / "x.png")
    assert "intact" in checked.stdout


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["lines", "json"])
def test_a_result_that_cannot_be_printed_is_an_error(
    photo: Path, out: Path, more: list[str]
) -> None:
    done = run(f">{FULL}", "swap", "-s", photo, "-t", photo, "-o", out / "x.png", *more)
    assert done.returncode == 3
    assert "error: the result cannot be printed" in done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "x.png").exists()


def test_an_error_that_cannot_be_printed_keeps_its_code(photo: Path, out: Path) -> None:
    done = run(f"2>{FULL}", "swap", "-s", out / "none.png", "-t", photo, "-o", out / "x.png")
    assert done.returncode == 3


def test_progress_that_cannot_be_printed_stops_no_job(photo: Path, out: Path) -> None:
    done = run(f"2>{FULL}", "swap", "-s", photo, "-t", photo, "-o", out / "x.png")
    assert done.returncode == 0
    assert (out / "x.png").exists()


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(12, os.strerror(12))], ids=["python", "system"]
)
def test_too_little_memory_is_no_bug(error: Exception) -> None:
    known = unexpected(error)
    assert "memory" in str(known)
    assert "bug" not in (known.hint or "")
