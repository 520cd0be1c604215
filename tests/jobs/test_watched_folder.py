"""A watched folder."""

import threading
from pathlib import Path

import pytest

from roop.errors import MediaError
from roop.jobs.watched_folder import new_files


def test_files_are_taken_once_when_they_have_stopped_growing(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_text("1")
    (tmp_path / "notes.txt").write_text("1")
    cancel, seen = threading.Event(), []
    for path in new_files(tmp_path, cancel, period_s=0.01):
        seen.append(path.name)
        if path.name == "there.png" and len(seen) == 1:
            (tmp_path / "new.mp4").write_text("1")
        elif path.name == "new.mp4":
            (tmp_path / "there.png").write_text("another one")
        else:
            cancel.set()
    assert seen == ["there.png", "new.mp4", "there.png"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no is no folder"):
        next(new_files(tmp_path / "no", threading.Event()))
