"""A fixture that runs the command."""

import subprocess
from pathlib import Path

import pytest

from support.terminal import Roop, command, environment


@pytest.fixture
def roop(tmp_path: Path) -> Roop:
    """Return a function that runs the command in the test's folder."""

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    return run
