"""The arguments of ``roop live``; its output is tested with the pipeline."""

import fcntl
import json
import os
import pty
import subprocess
import termios
from importlib.resources import files
from pathlib import Path

from roop.live_options import LiveOptions
from support.clips import Clip
from support.terminal import Roop, command, environment, read_terminal


def test_help_lists_the_options(roop: Roop) -> None:
    printed = " ".join(roop("live", "--help").stdout.split())
    for name, field in LiveOptions.model_fields.items():
        assert f"--{name.replace('_', '-')}" in printed
        assert field.description
        assert field.description in printed
    assert "--label-corner" in printed
    assert "--start" not in printed


def test_a_missing_source_is_reported(roop: Roop) -> None:
    done = roop("live")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: missing: -s/--source"


def test_the_label_cannot_be_switched_off(roop: Roop) -> None:
    assert roop("live", "-s", "a.jpg", "--no-label").returncode == 2


def test_a_missing_camera_is_one_line(roop: Roop) -> None:
    photo = files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    done = roop("live", "-s", str(photo), "--input", "/dev/video87", "--serve", "127.0.0.1:0")
    assert done.returncode == 3
    error, hint = done.stderr.splitlines()
    assert error == "error: there is no camera /dev/video87"
    assert "--list-cameras" in hint


def test_cameras_are_listed_for_scripts(roop: Roop) -> None:
    done = roop("live", "--list-cameras", "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout)["cameras"], list)


def test_an_unknown_camera_name_is_one_line(roop: Roop) -> None:
    done = roop("live", "-s", "a.jpg", "--input", "phone camera")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 2


def test_keys_control_it(tmp_path: Path) -> None:
    photo = str(files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg")
    film = Clip(times=range(600), size=(128, 96)).write(tmp_path / "camera.mp4")
    arguments = ("live", "--accept-terms", "-s", photo, "--input", film, "--serve", "127.0.0.1:0")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*arguments),
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    printed = b""
    for expected, key in ((b"look at", b"s"), (b"snapshot ", b"m"), (b"mirror on", b"q")):
        while expected not in printed:
            printed += os.read(ours, 65536)
        os.write(ours, key)
    printed += read_terminal(ours).encode()
    assert process.wait(60) == 0, printed.decode()
    assert b"q quit" in printed
    assert b"frames shown" in printed
    assert len(list(tmp_path.glob("roop-live-*.png"))) == 1
