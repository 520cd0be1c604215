"""Hidden files and folders of killed processes are removed by the next run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roop.home import user_folder
from roop.leftovers import Note, remove_leftovers
from roop.media.files.output_file import OutputFile
from roop.replacement import replacing
from support.terminal import environment

WRITE = """
import sys
from pathlib import Path
from roop.leftovers import Note
from roop.media.files.output_file import OutputFile
from roop.replacement import replacing
folder = Path(sys.argv[1])
frames = folder / ".roop-frames-abc"
(frames / "inside").mkdir(parents=True)
with OutputFile(folder / "out.png", force=False), replacing(folder / "other"), Note(frames):
    print("begun", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@contextmanager
def writer(out: Path) -> "Iterator[subprocess.Popen[str]]":
    """A process that is in the middle of two files and a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, out],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process


def notes() -> list[Path]:
    return list((user_folder() / "leftovers").iterdir())


def test_those_of_a_killed_process_go_with_the_next_output_anywhere(
    out: Path, tmp_path: Path
) -> None:
    with writer(out) as process:
        process.kill()
    assert len(list(out.glob(".roop-*"))) == 3
    with OutputFile(tmp_path / "another", force=False):
        assert list(out.iterdir()) == []
    assert notes() == []


def test_those_of_a_living_process_stay(out: Path) -> None:
    with writer(out) as process:
        remove_leftovers()
        assert len(list(out.glob(".roop-*"))) == 3
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    assert {path.name for path in out.iterdir()} == {"out.png", "other", ".roop-frames-abc"}
    assert notes() == []


def test_a_note_about_anything_else_removes_nothing(out: Path) -> None:
    for name in ("photo.png", ".roop-work-0123456789ab", ".roop-0123456789ab.png.txt"):
        (out / name).touch()
        note = Note(out / name)
        text = note._path.read_text()
        note.close()
        note._path.write_text(text)
    remove_leftovers()
    assert len(list(out.iterdir())) == 3
    assert notes() == []


@pytest.mark.parametrize("text", ["", "\n", "another-machine\n{}/.roop-0123456789ab.png", "\0\xff"])
def test_what_may_be_in_use_elsewhere_is_left_alone(out: Path, text: str) -> None:
    part = out / ".roop-0123456789ab.png"
    part.touch()
    folder = user_folder() / "leftovers"
    folder.mkdir(parents=True)
    (folder / "note").write_text(text.format(out))
    remove_leftovers()
    assert part.exists()
    assert len(notes()) == 1


def test_without_a_home_files_are_written_all_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(out / "file"))
    with replacing(out / "new") as part:
        part.write_text("new")
    assert (out / "new").read_text() == "new"
