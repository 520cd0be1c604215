"""The example of a plug-in: installed as its own ``pyproject.toml`` says, and used."""

import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.terminal import ROOT, command, environment

PACKAGE = ROOT / "examples" / "roop-pixelate"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip writes beside a package, for the package where it lies."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    folder = tmp_path_factory.mktemp("installed")
    info = folder / f"roop_pixelate-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["roop.processors"]
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[roop.processors]", *lines, ""]))
    return folder


def run(installed: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    paths = ROOT / "src", PACKAGE / "src", installed
    return subprocess.run(
        command(*arguments),
        cwd=installed.parent,
        env=environment() | {"PYTHONPATH": ":".join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_appears_in_the_help(installed: Path) -> None:
    shown = " ".join(run(installed, "swap", "--help").stdout.split())
    assert "pixelate: Show faces as coarse squares" in shown
    assert "--pixelate-squares SQUARES squares from ear to ear (default: 12)" in shown


def test_it_runs_after_the_engine(
    installed: Path, portraits: dict[str, Path], tmp_path: Path
) -> None:
    output = tmp_path / "out.png"
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", output)
    done = run(installed, *job, "--processor", "pixelate", "--pixelate-squares", "4")
    assert done.returncode == 0, done.stderr
    with Image.open(output) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    with Image.open(portraits["hopper"]) as image:
        before = np.asarray(image.convert("RGB"))
    y, x = np.argwhere((np.abs(pixels - before) > 8).any(axis=2)).mean(axis=0).astype(int)
    face = pixels[y - 60 : y + 60, x - 60 : x + 60]
    steps = np.abs(np.diff(face, axis=1)).max(axis=2) > 4  # the watermark changes less
    assert 0 < steps.mean() < 0.05


def test_its_option_alone_says_what_is_missing(
    installed: Path, portraits: dict[str, Path], tmp_path: Path
) -> None:
    job = (
        "swap",
        "-s",
        portraits["astronaut"],
        "-t",
        portraits["hopper"],
        "-o",
        tmp_path / "o.png",
    )
    done = run(installed, *job, "--pixelate-squares", "4")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: --pixelate-squares has no effect without the processor pixelate",
        "hint: add --processor pixelate",
    ]
