"""The command ``roop doctor``."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.clips import Clip
from support.terminal import Roop, command, environment


def test_text_output(roop: Roop) -> None:
    done = roop("doctor")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["yes", "mesh"] for line in lines)
    assert any(line.split()[:2] == ["yes", "libx264"] for line in lines)
    assert any(line.split()[:2] == ["-", "inswapper"] for line in lines)
    assert not [line for line in lines if line.split()[:1] == ["NO"]]
    assert lines[-1] == "- optional: everything else works without it"


def test_json_output(roop: Roop) -> None:
    report = json.loads(roop("doctor", "--json").stdout)
    assert report["machine"]["cores"] >= 1
    assert {"name", "ready", "state", "need", "optional"} == set(report["engines"][0])


@pytest.mark.parametrize("columns", [40, 80])
def test_it_fits_the_window(tmp_path: Path, columns: int) -> None:
    done = subprocess.run(
        command("doctor", "--models", "m"),
        cwd=tmp_path,
        env=environment() | {"COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [line for line in done.stdout.splitlines() if len(line) > columns] == []
    assert "https" not in done.stdout  # broken in two, no address is of use


def test_a_file_gets_whole_lines(roop: Roop) -> None:
    assert "with `roop models pull inswapper_128`\n" in roop("doctor").stdout


def test_a_folder_that_cannot_be_written_is_called_so(roop: Roop, tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # nothing goes below it, whoever runs this
    done = roop("doctor", "--models", "file/models")
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("models in "))
    assert line.startswith(f"models in file{os.sep}models, not writable: ")
    assert not json.loads(roop("doctor", "--models", "file/models", "--json").stdout)["machine"][
        "models_writable"
    ]


def test_a_home_that_may_not_be_entered_is_no_fault(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o000)  # as of a container that runs as another user
    done = subprocess.run(
        command("doctor"),
        cwd=tmp_path,
        env=environment() | {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_camera_is_tried_out(roop: Roop, tmp_path: Path) -> None:
    film = Clip(times=range(12), size=(128, 96)).write(tmp_path / "camera.mp4")
    done = roop("doctor", "--camera", str(film), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["frames"] == 10
    assert report["size"] == [128, 96]
    assert report["fps"] > 0
    assert report["first_frame_s"] >= report["opened_s"]


def test_a_camera_that_is_not_there_is_one_line(roop: Roop) -> None:
    done = roop("doctor", "--camera", "rtsp://admin:secret@127.0.0.1:1/cam")
    assert done.returncode == 3
    assert done.stderr.startswith("error: rtsp://127.0.0.1:1/cam cannot be read as a camera")
    assert "secret" not in done.stderr
