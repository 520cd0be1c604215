"""Finished segments count only if this user's roop wrote them, for this place in this job."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.stats import JobStats


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    """Two finished segments."""
    folder = WorkFolder(tmp_path / ".roop-work-1")
    folder.path.mkdir()
    for number in (0, 1):
        folder.add_segment(number, bytes([number]) * 500, JobStats(screened=3))
    return folder


def other_packets(folder: WorkFolder) -> None:
    folder.packets(0).write_bytes(b"x" * 500)


def swapped_packets(folder: WorkFolder) -> None:
    shutil.copy(folder.packets(1), folder.packets(0))
    shutil.copy(folder.path / "00001.json", folder.path / "00000.json")


def from_another_job(folder: WorkFolder) -> None:
    other = WorkFolder(folder.path.with_name(".roop-work-2"))
    other.path.mkdir()
    other.add_segment(0, b"y" * 500, JobStats())
    for name in ("00000.packets", "00000.json"):
        shutil.copy(other.path / name, folder.path / name)


def edited_counts(folder: WorkFolder) -> None:
    record = json.loads((folder.path / "00000.json").read_text())
    record["stats"]["screened"] = 99
    (folder.path / "00000.json").write_text(json.dumps(record))


def as_once(folder: WorkFolder) -> None:
    record = {"bytes": 500, **JobStats().to_dict()}
    (folder.path / "00000.json").write_text(json.dumps(record))


def of_another_type(folder: WorkFolder) -> None:
    (folder.path / "00000.json").write_text("[1, 2]")


def deep(folder: WorkFolder) -> None:
    (folder.path / "00000.json").write_text("[" * 100_000)


def a_folder(folder: WorkFolder) -> None:
    folder.packets(0).unlink()
    (folder.packets(0) / "inside").mkdir(parents=True)


@pytest.mark.parametrize(
    "change",
    [
        *(other_packets, swapped_packets, from_another_job, edited_counts),
        *(as_once, of_another_type, deep, a_folder),
    ],
)
def test_a_changed_segment_is_done_again(
    folder: WorkFolder, change: Callable[[WorkFolder], None]
) -> None:
    assert folder.stats_of(0) == JobStats(screened=3)
    change(folder)
    assert folder.stats_of(0) is None
    assert folder.stats_of(1) == JobStats(screened=3)
    folder.remove_partial_files()
    folder.add_segment(0, b"z" * 500, JobStats(screened=4))
    assert folder.stats_of(0) == JobStats(screened=4)


def test_stray_files_and_folders_are_removed(folder: WorkFolder) -> None:
    (folder.path / "stray" / "deeper").mkdir(parents=True)
    (folder.path / "stray.txt").touch()
    folder.remove_partial_files()
    assert sorted(p.name for p in folder.path.iterdir()) == [
        *("00000.json", "00000.packets", "00001.json", "00001.packets")
    ]


def test_a_description_of_another_type_is_none(folder: WorkFolder) -> None:
    (folder.path / "job.json").write_text("[]")
    assert folder.description() == {}
