"""The outputs of ``roop demo``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from roop.demo.clip import FPS, RATE, SIZE, soundtrack, video_frames
from roop.demo.portraits import astronaut, require_photo
from roop.errors import UsageError
from roop.provenance.watermark import DETECTION_THRESHOLD


def demo(folder: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "roop", "demo", *flags],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=300,
    )


def test_the_demo_makes_a_photo_a_video_and_a_contact_sheet(tmp_path: Path) -> None:
    done = demo(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    folder = tmp_path / "roop-demo"
    assert sorted(path.name for path in folder.iterdir()) == [
        "before-after.png",
        "photo-after.png",
        "photo-before.png",
        "video-after.mp4",
        "video-before.mp4",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["roop-demo"]
    assert result["video"]["swapped"] == result["video"]["frames"] == 120
    with av.open(folder / "video-after.mp4") as video:
        assert [stream.type for stream in video.streams] == ["video", "audio"]
        assert video.duration == pytest.approx(4e6, abs=1e5)
    with Image.open(folder / "before-after.png") as sheet:
        assert sheet.width > 1500

    marked = {path.name: report for path, report in verified(folder)}
    for name in ("photo-after.png", "video-after.mp4", "before-after.png"):
        assert marked[name]["verdict"] == "intact"
        assert marked[name]["watermark"] >= DETECTION_THRESHOLD
    for name in ("photo-before.png", "video-before.mp4"):
        assert marked[name]["verdict"] == "unmarked"


def verified(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the report of ``roop verify`` on each file."""
    done = subprocess.run(
        [sys.executable, "-m", "roop", "verify", folder, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 8, done.stderr  # that of the unmarked samples
    for report in json.loads(done.stdout):
        yield Path(report["path"]), report


def test_other_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "roop-demo").mkdir()
    (tmp_path / "roop-demo" / "photo-before.png").write_text("precious")
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "photo-before.png exists" in done.stderr
    assert [path.read_text() for path in (tmp_path / "roop-demo").iterdir()] == ["precious"]


def test_a_missing_photo_is_named_with_what_brings_it_back(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"photo\.png is missing") as caught:
        require_photo(tmp_path / "photo.png")
    assert "uv sync --reinstall-package roop" in (caught.value.hint or "")


def test_the_video_moves_smoothly_and_loops() -> None:
    sample = astronaut()
    with Image.open(sample.path) as image:
        photo = np.asarray(image.convert("RGB"))
    frames = [frame.astype(int) for frame in video_frames(photo, sample.head, seconds=0.5)]
    assert len(frames) == round(0.5 * FPS)
    assert all(frame.shape == (SIZE[1], SIZE[0], 3) for frame in frames)
    steps = [np.abs(a - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert min(steps) > 0
    assert max(steps) < 4 * np.median(steps)


def test_the_audio_is_as_long_as_the_video_and_does_not_clip() -> None:
    audio = soundtrack(2.5)
    assert audio.shape == (round(2.5 * RATE),)
    assert 0.1 < np.abs(audio).max() < 1
