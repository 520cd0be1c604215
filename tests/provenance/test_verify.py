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


def test_one_line_for_an_output(face: Path, tmp_path: Path) -> None:
    make(face, face, tmp_path / "out.jpg")
    done = verify(tmp_path / "out.jpg")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "made with AI, intact; signed by roop" in line
    assert "nobody vouches" in line
    assert "engine painter" in line


def test_json(face: Path, film: Path, tmp_path: Path) -> None:
    make(face, film, tmp_path / "out.mp4")
    done = verify(tmp_path / "out.mp4", "--json")
    (report,) = json.loads(done.stdout)
    assert report["verdict"] == "intact"
    assert report["made_with_ai"] is True
    assert report["credentials"]["actions"] == ["c2pa.created"]
    assert "face_mesh" in report["credentials"]["models"][1]
    assert report["xmp_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert report["note"].startswith("AI MODIFIED")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tiff", "avif", "mp4", "avi"])
def test_one_flipped_byte_is_found(face: Path, film: Path, tmp_path: Path, suffix: str) -> None:
    output, bad = tmp_path / f"out.{suffix}", tmp_path / f"bad.{suffix}"
    make(face, film if suffix in ("mp4", "avi") else face, output)
    content = output.read_bytes()
    assert not _refused_by_the_reader(content)
    search = WatermarkSearch()
    random = np.random.default_rng(5)
    store_at = content.index(b"jumb") - 32
    for place in random.integers(64, len(content), 40).tolist():
        if store_at <= place < store_at + 4000:
            continue  # by the standard, the padding inside the store is not covered
        changed = bytearray(content)
        changed[place] ^= 0x10
        bad.write_bytes(changed)
        report = verify_file(bad, search)
        assert report.verdict == "tampered", (place, len(content), report)
        assert "TAMPERED" in report.summary
        assert _refused_by_the_reader(bytes(changed))


def _refused_by_the_reader(content: bytes) -> bool:
    try:
        return store(content)[0] == "Invalid"
    except c2pa.C2paError:
        return True


def test_the_gravest_verdict_of_a_folder_counts(face: Path, film: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    make(face, face, tmp_path / "sub" / "a.png")
    assert verify(tmp_path).returncode == 0
    make(face, film, tmp_path / "b.mkv")
    done = verify(tmp_path)
    assert done.returncode == 7
    assert "not signed" in done.stdout
    Image.new("RGB", (8, 8)).save(tmp_path / "c.png")
    done = verify(tmp_path)
    assert done.returncode == 8
    assert "which proves nothing" in done.stdout
    (tmp_path / "d.mp4").write_text("no film at all\n" * 9)
    done = verify(tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    changed = bytearray((tmp_path / "sub" / "a.png").read_bytes())
    changed[-100] ^= 1
    (tmp_path / "sub" / "e.png").write_bytes(changed)
    done = verify(tmp_path)
    assert done.returncode == 9
    assert len(done.stdout.splitlines()) == 5


def test_a_file_that_is_missing_does_not_hide_the_others(face: Path, tmp_path: Path) -> None:
    make(face, face, tmp_path / "out.jpg")
    done = verify(tmp_path / "no.jpg", tmp_path / "out.jpg", tmp_path / "out.jpg", tmp_path)
    assert done.returncode == 3
    missing, found, *rest = done.stdout.splitlines()
    assert missing.endswith("no.jpg: does not exist")
    assert "made with AI, intact" in found
    assert not [line for line in rest if "out.jpg" in line]


def test_hidden_files_are_not_looked_for_and_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    hidden = tmp_path / "all" / ".venv"
    hidden.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(hidden / "icon.png")
    done = verify(tmp_path / "all")
    assert done.returncode == 3
    assert "no pictures and no films" in done.stderr
    assert verify(hidden).returncode == 8
