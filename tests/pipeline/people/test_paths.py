"""What a job's files are in another working folder: photos, folders, saved identities."""

import json
from pathlib import Path

import numpy as np
import pytest

from roop.jobs.rows import read_list
from roop.media.pictures.identity_file import identities_folder, save_identity
from roop.options import Assignment, FaceOptions, Job
from roop.pipeline.people.mapping_file import read_mapping
from roop.pipeline.people.paths import absolute, reference_paths, source_paths


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A saved identity called ``alice``, and a working folder without anything of that name."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = identities_folder() / "alice.identity"
    path.parent.mkdir(parents=True)
    save_identity(path, [np.zeros((8, 8, 3), np.uint8)], force=False)
    return path


def test_it_means_the_same_everywhere(saved: Path, tmp_path: Path) -> None:
    given = Assignment(source=(Path("alice"),), reference=Path("who.jpg"))
    faces = FaceOptions(map=(given,), many_faces=True)
    job = Job(sources=(Path("alice"), Path("me.jpg")), target=Path("t"), output=Path("o"))
    job = absolute(job.model_copy(update={"faces": faces}))
    assert source_paths(job) == [saved, tmp_path / "me.jpg", saved]
    assert reference_paths(job) == [tmp_path / "who.jpg"]
    assert (job.target, job.output, job.record) == (tmp_path / "t", tmp_path / "o", None)


def test_files_beside_a_mapping_or_a_list_come_first(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    mapping, rows = folder / "map.json", folder / "jobs.jsonl"
    mapping.write_text(json.dumps({"person": [{"source": "alice", "position": 0}]}))
    rows.write_text(json.dumps({"source": ["alice", "me.jpg"], "target": "t.png"}))
    assert read_mapping(mapping)[0].source == (saved,)
    assert read_list(rows)[0].sources == (saved, folder / "me.jpg")
    (folder / "alice").mkdir()
    assert read_mapping(mapping)[0].source == (folder / "alice",)
