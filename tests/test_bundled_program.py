"""The entry point of the bundled program: a command, or a child process of it."""

import subprocess
import sys
from pathlib import Path

import roop
from support.terminal import ROOT, environment


def program(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "program.py"), *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_is_the_command(tmp_path: Path) -> None:
    done = program("--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"roop {roop.__version__}\n")


def test_it_is_a_worker_that_ends_without_work(tmp_path: Path) -> None:
    done = program("--roop-child", "roop.pipeline.workers.worker", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_starts_nothing_else(tmp_path: Path) -> None:
    for arguments in (("os",), (), ("roop.pipeline.workers.worker", "more")):
        done = program("--roop-child", *arguments, folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr == "error: --roop-child is for the program's own use\n"
