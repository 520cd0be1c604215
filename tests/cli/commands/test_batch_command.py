"""The command ``roop batch``: what it does, what it skips and what it reports."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.terminal import command, environment

Batch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty queue."""
    return environment() | {"XDG_DATA_HOME": str(tmp_path / "data")}


@pytest.fixture
def batch(tmp_path: Path, data: dict[str, str]) -> Batch:
    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command("batch", *arguments),
            cwd=tmp_path,
            env=data,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def outcomes(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    """Return the outcome of each output, read from the table."""
    rows = [line.split() for line in done.stdout.splitlines()[:-1]]
    return {Path(row[1]).name: row[0] for row in rows}


@pytest.fixture
def targets(portraits: dict[str, Path], tmp_path: Path) -> Path:
    folder = tmp_path / "targets"
    folder.mkdir()
    (folder / "hopper.png").write_bytes(portraits["hopper"].read_bytes())
    (folder / "nobody.png").write_bytes(portraits["nobody"].read_bytes())
    return folder


def test_a_second_run_does_only_what_is_missing(
    batch: Batch, portraits: dict[str, Path], targets: Path, tmp_path: Path
) -> None:
    job = ("-s", portraits["astronaut"], "-t", targets, "-o", "out")
    first = batch(*job, "--report", "report.json")
    assert first.returncode == 5  # the only failure was a missing face
    assert first.stdout.splitlines()[-1] == "1 done, 1 failed"
    assert outcomes(first) == {"astronaut-hopper.png": "done", "astronaut-nobody.png": "failed"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["astronaut-hopper.png"]
    done, failed = json.loads((tmp_path / "report.json").read_text())["items"]
    assert done["result"]["faces"] == 1
    assert (failed["code"], failed["result"]) == ("no_face", None)

    before = (tmp_path / "out" / "astronaut-hopper.png").stat().st_mtime_ns
    (targets / "nobody.png").write_bytes(portraits["both"].read_bytes())
    second = batch(*job, "--report", "report.json")
    assert second.returncode == 0
    assert outcomes(second) == {"astronaut-hopper.png": "skipped", "astronaut-nobody.png": "done"}
    assert (tmp_path / "out" / "astronaut-hopper.png").stat().st_mtime_ns == before

    other = batch(*job, "--face-shape", "0.1")
    assert other.returncode == 2
    assert "made from other files or with other options" in other.stdout
    assert "--force" in other.stderr


def test_a_list_with_options_per_row(
    batch: Batch, portraits: dict[str, Path], tmp_path: Path
) -> None:
    source, both = portraits["astronaut"], portraits["both"]
    rows = [f"{source},{both},all.png,true", f"{source},{both},,"]
    (tmp_path / "jobs.csv").write_text("source,target,output,many-faces\n" + "\n".join(rows))
    done = batch("jobs.csv", "--json")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["items"]
    assert (first["output"], first["result"]["faces"]) == ("all.png", 2)
    assert (second["output"], second["result"]["faces"]) == ("astronaut-both.png", 1)


def test_a_wrong_row_stops_the_batch_before_the_first_job(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("source,target,fps\na.png,b.mp4,\na.png,c.mp4,x\n")
    done = batch("jobs.csv")
    assert done.returncode == 2
    assert done.stderr == "error: fps (jobs.csv, line 3) needs a number, not 'x'\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing: -s/--source, or a list"),
        (("-s", "a.png"), "missing: -t/--target or --watch"),
        (("l.csv", "-s", "a.png"), "the list l.csv already names sources and targets"),
        (("-s", "a.png", "-t", "b", "--watch", "in"), "--watch replaces --target"),
        (
            ("-s", "a.png", "--watch", "in", "-o", "in"),
            "the output folder in is also the watched folder",
        ),
        (("-s", "a", "-t", "b", "--report", "kept.json"), "kept.json exists and is not a report"),
    ],
)
def test_a_wrong_request(
    batch: Batch, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "kept.json").write_text("precious")
    done = batch(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert (tmp_path / "kept.json").read_text() == "precious"


def test_files_in_a_watched_folder_are_swapped_until_ctrl_c(
    portraits: dict[str, Path], data: dict[str, str], tmp_path: Path
) -> None:
    watched = tmp_path / "in"
    watched.mkdir()
    with subprocess.Popen(
        command("batch", "-s", portraits["astronaut"], "--watch", "in", "-o", "out"),
        cwd=tmp_path,
        env=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        (watched / "hopper.png").write_bytes(portraits["hopper"].read_bytes())
        deadline = time.monotonic() + 100
        while not (tmp_path / "out" / "astronaut-hopper.png").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout.splitlines()[-1] == "1 done"
