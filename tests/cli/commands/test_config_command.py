"""Options set in files and variables: which one wins, and which cannot be set."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.terminal import command, environment

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """The user's configuration file."""
    path = tmp_path / "home" / "roop" / "roop.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder's configuration file."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work" / "roop.toml"


@pytest.fixture
def roop(user: Path, folder: Path) -> Run:
    def run(*arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments),
            cwd=folder.parent,
            env=environment() | {"XDG_CONFIG_HOME": str(user.parents[1])} | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def options(done: "subprocess.CompletedProcess[str]") -> dict[str, tuple[object, str]]:
    assert done.returncode == 0, done.stderr
    return {row["name"]: (row["value"], row["from"]) for row in json.loads(done.stdout)["options"]}


def test_later_sources_win_and_each_value_names_its_origin(
    roop: Run, user: Path, folder: Path
) -> None:
    user.write_text("fps = 20\noutput-video-quality = 20\nmany_faces = true\n")
    folder.write_text("# of this video\noutput_video_quality = 30\nfps = 30\n")
    found = options(roop("config", "--json", ROOP_FPS="40", ROOP_EXECUTION_PROVIDER="cuda, cpu"))
    assert found["many_faces"] == (True, f"{user}, line 3")
    assert found["output_video_quality"] == (30, f"{folder}, line 2")
    assert found["fps"] == ("40", "ROOP_FPS")
    assert found["execution_provider"] == (["cuda", "cpu"], "ROOP_EXECUTION_PROVIDER")
    assert found["output_video_encoder"] == ("libx264", "default")
    printed = roop("config").stdout
    assert f"{user}\n{folder}\n" in printed
    assert f"true  ({user}, line 3)\n" in printed


def test_a_configured_value_reaches_the_job_and_a_flag_undoes_it(
    roop: Run, portraits: dict[str, Path], folder: Path
) -> None:
    folder.write_text("many-faces = true\nlabel_text = 'unused'\noutput_video_quality = 9\n")
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["both"], "--json", "-o")
    both, one = roop(*job, "both.png"), roop(*job, "one.png", "--no-many-faces")
    assert json.loads(both.stdout)["faces"] == 2
    assert json.loads(one.stdout)["faces"] == 1
    assert json.loads(one.stdout)["seen"] == 2
    assert json.loads(one.stdout)["warnings"] == []  # none about options for videos


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (
            "\nmany_face = 1",
            "there is no option many_face ({}, line 2)",
            "did you mean many_faces?",
        ),
        ("[video]\nx = 1", "there is no option video ({}, line 1)", "see `roop config`"),
        ("fps = 'x'", "fps ({}, line 1) needs a number, not 'x'", ""),
        ("fps = ", "{} is not valid TOML: ", "write: name = value"),
        ("force = true", "force ({}, line 1) can only be set by a flag", "remove it"),
        ("output = 'x.mp4'", "output ({}, line 1) can only be set by a flag", "remove it"),
    ],
)
def test_an_error_in_a_file_names_file_and_line(
    roop: Run, folder: Path, content: str, message: str, hint: str
) -> None:
    folder.write_text(content)
    done = roop("config")
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first.startswith("error: " + message.format(folder))
    assert rest == ([f"hint: {hint}"] if hint else [])


@pytest.mark.parametrize(
    ("variable", "warning"),
    [
        ("ROOP_OFLINE", "ROOP_OFLINE, which is not an option: did you mean ROOP_OFFLINE?"),
        ("ROOP_SERVICE_HOST", "ROOP_SERVICE_HOST, which is not an option: see `roop config`"),
        ("ROOP_FORCE", "ROOP_FORCE: force can only be set by a flag"),
        ("ROOP_SCREEN", "ROOP_SCREEN, which is not an option: see `roop config`"),
    ],
)
def test_a_variable_that_is_no_option_is_named_and_ignored(
    roop: Run, variable: str, warning: str
) -> None:
    done = roop("config", "--json", ROOP_FPS="40", **{variable: "1"})
    assert done.stderr == f"warning: ignoring {warning}\n"
    assert options(done)["fps"] == ("40", "ROOP_FPS")


def test_a_wrong_value_of_a_variable_is_an_error(roop: Run) -> None:
    done = roop("doctor", ROOP_OFFLINE="maybe")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ROOP_OFFLINE needs true or false")


@pytest.mark.parametrize(
    "name",
    ["screen", "screening", "safety", "nsfw", "marks", "watermark", "sign", "provenance", "xmp"],
)
def test_neither_screening_nor_marks_are_options(roop: Run, folder: Path, name: str) -> None:
    folder.write_text(f"{name} = false\n")
    done = roop("config")
    assert done.returncode == 2
    assert f"there is no option {name}" in done.stderr


def test_a_relative_path_starts_at_its_file(roop: Run, folder: Path) -> None:
    folder.write_text("models = 'weights'\n")
    found = options(roop("config", "--json"))
    assert found["models"][0] == str(
        folder.parent / "weights"
    )  # beside the file, wherever the command runs


def test_named_cameras_are_no_options(roop: Run, folder: Path) -> None:
    folder.write_text('[cameras.door]\naddress = "rtsp://10.0.0.2/cam"\n')
    done = roop("config")
    assert done.returncode == 0, done.stderr
