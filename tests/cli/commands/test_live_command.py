"""The command ``roop live`` as it is typed; what it shows is tested with the pipeline."""

from roop.options import LiveOptions
from support.terminal import Roop


def test_help_says_what_there_is(roop: Roop) -> None:
    shown = " ".join(roop("live", "--help").stdout.split())
    for name, field in LiveOptions.model_fields.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert (field.description or "?") in shown
    assert "--label-corner" in shown
    assert "--start" not in shown


def test_without_a_photo_it_says_so(roop: Roop) -> None:
    done = roop("live")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: missing: -s/--source"


def test_a_label_cannot_be_left_out(roop: Roop) -> None:
    assert roop("live", "-s", "a.jpg", "--no-label").returncode == 2


def test_a_camera_that_is_not_there_is_one_line(roop: Roop) -> None:
    from importlib.resources import files

    photo = files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    done = roop("live", "-s", str(photo), "--input", "/dev/video87", "--serve", "127.0.0.1:0")
    assert done.returncode == 3
    error, hint = done.stderr.splitlines()
    assert error == "error: there is no camera /dev/video87"
    assert "--list-cameras" in hint
