"""How tests start the real command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""

Roop = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs the command with the given arguments in a folder of the test's own."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "roop", *map(str, arguments)]


def environment() -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith("ROOP_")}
    own = {"XDG_CONFIG_HOME": os.devnull}  # no options of the person who runs the tests
    return {**ours, **own, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}
