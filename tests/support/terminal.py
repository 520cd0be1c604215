"""Run the real command in a process of its own, with or without a terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""

Roop = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs the command with the given arguments in the test's folder."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "roop", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return this process's environment without the configuration of whoever runs the tests."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ROOP_")}
    return {
        **inherited,
        "XDG_CONFIG_HOME": os.devnull,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "error",
    }


def read_terminal(terminal: int) -> str:
    """Return everything written to a pseudo-terminal, and close it.

    Args:
        terminal: The controlling end, as from ``pty.openpty``.
    """
    parts = []
    try:
        while part := os.read(terminal, 65536):
            parts.append(part)
    except OSError:  # raised on Linux once the other end is closed
        pass
    finally:
        os.close(terminal)
    return b"".join(parts).decode()
