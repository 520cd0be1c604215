"""An engine of another package is found by its entry point, and its failures are reported."""

import subprocess
from pathlib import Path

import pytest

from support.terminal import ROOT, command, environment

PLUGIN = """
from pydantic import Field

from roop.options import Options
from roop.processors.base import Processor, ProcessorSpec


class StampOptions(Options):
    stamp_size: int = Field(3, ge=1, description="how large the stamp is, 100 % of it")


class Stamp(Processor):
    def process(self, analysed_frames):
        raise ValueError("the stamp\\nbroke")


SPEC = ProcessorSpec("stamp", "Stamp the face", StampOptions, lambda o, c: Stamp(), engine=True)
"""


@pytest.fixture
def plugged(tmp_path: Path) -> Path:
    """Install a plug-in into a folder for PYTHONPATH, and return the folder."""
    folder = tmp_path / "installed"
    info = folder / "stamp-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "stamp.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stamp\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[roop.processors]\nstamp = stamp:SPEC\n")
    return folder


def run(plugged: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        cwd=plugged.parent,
        env=environment() | {"PYTHONPATH": f"{ROOT / 'src'}:{plugged}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_options_of_a_plugin_appear_in_the_help(plugged: Path) -> None:
    printed = " ".join(run(plugged, "swap", "--help").stdout.split())
    assert "stamp: Stamp the face" in printed
    assert "--stamp-size SIZE how large the stamp is, 100 % of it (default: 3)" in printed


def test_an_option_of_another_engine_is_refused(plugged: Path, portraits: dict[str, Path]) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    done = run(plugged, *job, "--stamp-size", "4")
    assert done.returncode == 2
    assert done.stderr.startswith("error: engine 'mesh' has no option --stamp-size")
    done = run(plugged, *job, "--engine", "stamp", "--stamp-size", "0")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --stamp-size must be at least 1, not 0")


@pytest.mark.slow
def test_a_plugin_that_fails_is_reported_in_one_line(
    plugged: Path, portraits: dict[str, Path]
) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    done = run(plugged, *job, "--engine", "stamp")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "error: unexpected ValueError: the stamp broke"
    assert second.startswith("hint: ")
    assert "--debug" in second
    assert not (plugged.parent / "out.png").exists()
    assert "Traceback" in run(plugged, *job, "--engine", "stamp", "--debug").stderr


def test_a_plugin_that_cannot_be_loaded_is_named(plugged: Path) -> None:
    (plugged / "stamp.py").write_text("import nothing_of_this_name\n")
    done = run(plugged, "swap", "--help")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the plug-in stamp:SPEC cannot be loaded: ")
