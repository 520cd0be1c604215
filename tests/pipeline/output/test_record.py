"""The record of a job, against the files themselves."""

import hashlib
import json
from pathlib import Path

import pytest

import roop
from roop.errors import NoFaceError, UsageError

Portraits = dict[str, Path]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_tells_what_was_done(portraits: Portraits, tmp_path: Path) -> None:
    source, target, output = portraits["astronaut"], portraits["hopper"], tmp_path / "out.png"
    roop.swap(source, target, output, face_shape=0.25, record=tmp_path / "record.json")
    record = json.loads((tmp_path / "record.json").read_text("utf-8"))
    assert record["software"] == {"name": "roop", "version": roop.__version__}
    assert [each["sha256"] for each in record["sources"]] == [digest(source)]
    assert record["target"] == {
        "name": "hopper.png",
        "bytes": target.stat().st_size,
        "sha256": digest(target),
    }
    assert record["output"]["sha256"] == digest(output)
    assert record["options"]["steps"][0]["options"] == {"face_shape": 0.25}
    assert len(record["models"]["nudenet_320n"]) == 64
    assert record["result"]["frames"] == record["result"]["swapped"] == 1
    assert record["result"]["screened"] >= 2  # and once more if the swap made another picture
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "record.json"]


def test_a_target_that_is_replaced_is_recorded_as_it_was(
    portraits: Portraits, tmp_path: Path
) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(portraits["hopper"].read_bytes())
    before = digest(target)
    record = tmp_path / "record.json"
    roop.swap(portraits["astronaut"], target, target, force=True, record=record)
    content = json.loads(record.read_text("utf-8"))
    assert content["target"]["sha256"] == before
    assert content["output"]["sha256"] == digest(target) != before


def test_a_job_that_fails_leaves_no_record(portraits: Portraits, tmp_path: Path) -> None:
    with pytest.raises(NoFaceError):
        roop.swap(
            portraits["astronaut"],
            portraits["nobody"],
            tmp_path / "out.png",
            record=tmp_path / "record.json",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_record_replaces_nothing(portraits: Portraits, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text("precious")
    with pytest.raises(UsageError, match=r"record\.json exists"):
        roop.swap(portraits["astronaut"], portraits["hopper"], tmp_path / "o.png", record=record)
    assert record.read_text() == "precious"
    assert not (tmp_path / "o.png").exists()


def test_a_record_is_not_the_output(portraits: Portraits, tmp_path: Path) -> None:
    both = tmp_path / "out.png"
    with pytest.raises(UsageError, match="is the output"):
        roop.swap(portraits["astronaut"], portraits["hopper"], both, record=both, force=True)
    assert list(tmp_path.iterdir()) == []
