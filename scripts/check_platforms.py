"""Check that wheels of all dependencies exist for every system and Python that roop supports.

Resolves what ``pip install roop`` asks for, once for each pair, and installs nothing. Run it as
``uv run python scripts/check_platforms.py``; it needs the package index and ends with 1 if a wheel
is missing.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


class System(NamedTuple):
    """A system and processor that people have."""

    name: str
    platform: str
    """What uv calls it."""
    pythons: tuple[str, ...] = PYTHONS
    macos: str = ""
    """The oldest macOS that is supported."""


SYSTEMS = (
    System("Linux x86_64", "x86_64-manylinux_2_28"),
    System("Linux aarch64", "aarch64-manylinux_2_28"),
    System("Windows x64", "x86_64-pc-windows-msvc"),
    System("macOS arm64", "aarch64-apple-darwin", macos="14.0"),
    # ONNX Runtime's last wheels for Intel Macs are those of 1.23, which know no Python 3.14.
    System("macOS x86_64", "x86_64-apple-darwin", PYTHONS[:-1], macos="15.0"),
)


def main() -> int:
    """Resolve all pairs; print a line for each and return the exit code."""
    pairs = [(system, python) for system in SYSTEMS for python in system.pythons]
    with ThreadPoolExecutor(4) as pool:
        faults = pool.map(partial(fault_of, requirements()), *zip(*pairs, strict=True))
        found = dict(zip(pairs, faults, strict=True))
    for (system, python), fault in found.items():
        sys.stdout.write(f"{system.name}, Python {python}: {fault or 'wheels of everything'}\n")
    return int(any(found.values()))


def requirements() -> str:
    """Return what roop needs to run, one requirement a line."""
    file = Path(__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    return "\n".join(project["dependencies"])


def fault_of(requirements: str, system: System, python: str) -> str:
    """Return why ``requirements`` cannot be had as wheels; nothing if they can."""
    command = ["uv", "pip", "compile", "-", "--quiet", "--only-binary=:all:"]
    command += [f"--python-platform={system.platform}", f"--python-version={python}"]
    macos = {"MACOSX_DEPLOYMENT_TARGET": system.macos} if system.macos else {}
    done = subprocess.run(
        command,
        cwd=tempfile.gettempdir(),  # away from our settings for uv, which pip does not know
        env=os.environ | macos,
        input=requirements,
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(done.stderr.split()) or "uv failed" if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
