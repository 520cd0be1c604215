import json
import subprocess
import sys
from pathlib import Path

import c2pa
import numpy as np
import pytest
from PIL import Image

from roop.provenance.search import WatermarkSearch
from roop.provenance.verify import verify_file
from support.outputs import make, store


def verify(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "roop", "verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_output_is_reported_in_one_line(face: Path, tmp_path: Path) -> None:
    make(face, face, tmp_path / "out.jpg")
    done = verify(tmp_path / "out.jpg")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "made with AI, intact; signed by roop" in line
    assert "nobody vouches" in line
    assert "engine painter" in line


def test_the_report_as_json(face: Path, video: Path, tmp_path: Path) -> None:
    make(face, video, tmp_path / "out.mp4")
    done = verify(tmp_path / "out.mp4", "--json")
    (report,) = json.loads(done.stdout)
    assert report["verdict"] == "intact"
    assert report["made_with_ai"] is True
    assert report["credentials"]["actions"] == ["c2pa.created"]
    assert "face_mesh" in report["credentials"]["models"][1]
    assert report["xmp_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert report["note"].startswith("AI MODIFIED")


@pytest.mark.parametrize(
    "suffix",
    [
        "jpg",
        "mp4",
        *(
            pytest.param(s, marks=pytest.mark.slow)
            for s in ("png", "webp", "gif", "tiff", "avif", "avi")
        ),
    ],
)
def test_a_single_changed_byte_is_detected(
    face: Path, video: Path, tmp_path: Path, suffix: str
) -> None:
    output, bad = tmp_path / f"out.{suffix}", tmp_path / f"bad.{suffix}"
    make(face, video if suffix in ("mp4", "avi") else face, output)
    content = output.read_bytes()
    assert not _refused_by_the_reader(content)
    search = WatermarkSearch()
    random = np.random.default_rng(5)
    store_at = content.index(b"jumb") - 32
    for position in random.integers(64, len(content), 40).tolist():
        if store_at <= position < store_at + 4000:
            continue  # the standard does not cover the padding inside the store
        changed = bytearray(content)
        changed[position] ^= 0x10
        bad.write_bytes(changed)
        report = verify_file(bad, search)
        assert report.verdict == "tampered", (position, len(content), report)
        assert "TAMPERED" in report.summary
        assert _refused_by_the_reader(bytes(changed))


def _refused_by_the_reader(content: bytes) -> bool:
    try:
        return store(content)[0] == "Invalid"
    except c2pa.C2paError:
        return True


def test_the_exit_code_is_that_of_the_worst_file(face: Path, video: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    make(face, face, tmp_path / "sub" / "a.png")
    assert verify(tmp_path).returncode == 0
    make(face, video, tmp_path / "b.mkv")
    done = verify(tmp_path)
    assert done.returncode == 7
    assert "not signed" in done.stdout
    Image.new("RGB", (8, 8)).save(tmp_path / "c.png")
    done = verify(tmp_path)
    assert done.returncode == 8
    assert "which proves nothing" in done.stdout
    (tmp_path / "d.mp4").write_text("no video at all\n" * 9)
    done = verify(tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    changed = bytearray((tmp_path / "sub" / "a.png").read_bytes())
    changed[-100] ^= 1
    (tmp_path / "sub" / "e.png").write_bytes(changed)
    done = verify(tmp_path)
    assert done.returncode == 9
    assert len(done.stdout.splitlines()) == 5


def test_a_missing_file_does_not_hide_the_others(face: Path, tmp_path: Path) -> None:
    make(face, face, tmp_path / "out.jpg")
    done = verify(tmp_path / "no.jpg", tmp_path / "out.jpg", tmp_path / "out.jpg", tmp_path)
    assert done.returncode == 3
    missing, found, *rest = done.stdout.splitlines()
    assert missing.endswith("no.jpg: does not exist")
    assert "made with AI, intact" in found
    assert not [line for line in rest if "out.jpg" in line]


def test_hidden_files_are_skipped_and_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    hidden = tmp_path / "all" / ".venv"
    hidden.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(hidden / "icon.png")
    done = verify(tmp_path / "all")
    assert done.returncode == 3
    assert "no images and no videos" in done.stderr
    assert verify(hidden).returncode == 8
