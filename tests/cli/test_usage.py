"""Help, version, and errors in the arguments."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import roop as package
from roop.options import FaceOptions, VideoOptions
from roop.processors import installed
from support.terminal import ROOT, Roop, command, environment

PATHS = ("-s", "a.jpg", "-t", "b.mp4", "-o", "c.mp4")


def test_no_arguments_prints_the_help(roop: Roop) -> None:
    done = roop()
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("swap", "demo", "doctor"))
    assert done.stderr == ""


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_version(roop: Roop, flag: str) -> None:
    assert roop(flag).stdout == f"roop {package.__version__}\n"


def test_help_lists_every_option_with_its_description(roop: Roop) -> None:
    engines = [spec.options for spec in installed() if spec.engine]
    printed = " ".join(roop("swap", "--help").stdout.split())
    for model in (FaceOptions, VideoOptions, *engines):
        for name, field in model.model_fields.items():
            assert f"--{name.replace('_', '-')}" in printed
            assert field.description
            assert field.description in printed


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["swp"], "there is no command 'swp'", "did you mean 'swap'?"),
        (["--bogus"], "there is no option --bogus", "see `roop --help`"),
        (["swap"], "missing: -s/--source, -t/--target", "see `roop swap --help`"),
        (["swap", "-s", "a.jpg"], "missing: -t/--target", "see `roop swap --help`"),
        (["swap", "-s"], "argument -s/--source: expected at least one argument", None),
        (["swap", *PATHS, "--skip-adio"], "there is no option --skip-adio", "did you mean --skip-"),
        (["swap", *PATHS, "--engine", "mash"], "there is no engine 'mash'", "choose one of: mesh"),
        (
            ["swap", *PATHS, "--output-video-quality", "101"],
            "--output-video-quality must be at most 100, not 101",
            None,
        ),
        (["swap", *PATHS, "--face-shape", "2"], "--face-shape must be at most 1, not 2", None),
        (["swap", *PATHS, "--start", "1:x"], "--start needs seconds or h:mm:ss, not '1:x'", None),
        (
            ["swap", *PATHS, "--start", "9", "--end", "0:05"],
            "--end (5 s) must come after --start (9 s)",
            None,
        ),
        (["swap", "-s", "", "-t", "a", "-o", "b"], "-s/--source is empty", "name a file"),
        (["swap", "-s", "a", "-t", "-b.mp4", "-o", "c"], "argument -t/--target: ", "see `roop"),
        (["-s", "a.jpg"], "-s needs a command before it", "roop swap -s ..."),
        (["doctor", "now"], "unexpected argument 'now'", "see `roop doctor --help`"),
    ],
)
def test_a_wrong_request_is_one_line_and_a_hint(
    roop: Roop, arguments: list[str], message: str, hint: str | None
) -> None:
    done = roop(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"error: {message}")
    assert len(rest) <= 1
    if hint:
        assert rest[0].startswith(f"hint: {hint}")


def test_a_wrong_request_as_json(roop: Roop) -> None:
    done = roop("swap", *PATHS, "--skip-adio", "--json")
    assert done.returncode == 2
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "code": "usage",
        "message": "there is no option --skip-adio",
        "hint": "did you mean --skip-audio?",
    }


def test_debug_prints_the_traceback(roop: Roop) -> None:
    assert "Traceback" in roop("swap", "--debug").stderr
    assert "Traceback" not in roop("swap").stderr


def test_run_py_is_roop_swap_and_opens_the_window(tmp_path: Path) -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, ROOT / "run.py", *arguments],
            cwd=tmp_path,
            env={k: v for k, v in environment().items() if k not in ("PYTHONPATH", "DISPLAY")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert "--many-faces" in run("--help").stdout
    without_display = run()
    assert without_display.returncode == 2
    error, hint = without_display.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.endswith("roop serve --open")


def test_a_closed_pipe_prints_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        done = subprocess.run(
            command("doctor", "--json"),
            cwd=tmp_path,
            env=environment(),
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.stderr == b""
