"""The command ``roop swap``: what it writes, and what it leaves behind when it fails."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roop.media.video.clip import write_clip
from roop.types import Pixels
from support.terminal import Roop, command, environment

Portraits = dict[str, Path]


@pytest.fixture(scope="session")
def hopper(portraits: Portraits) -> Pixels:
    return pixels(portraits["hopper"])[:400].astype(np.uint8)


@pytest.fixture(scope="session")
def clip(hopper: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write half a second of a face that moves to the left, with sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    frames = (np.ascontiguousarray(hopper[:, n : n + 448]) for n in range(0, 30, 2))
    sound = np.sin(np.arange(24_000, dtype=np.float32) / 20) / 4
    write_clip(path, frames, fps=30, sound=sound)
    return path


@pytest.fixture(scope="session")
def long_clip(hopper: Pixels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a clip long enough to be cancelled half-way."""
    path = tmp_path_factory.mktemp("clip") / "long.mp4"
    write_clip(path, (hopper for _ in range(1500)), fps=30)
    return path


def pixels(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_photo(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    done = roop("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out.png\n1 face swapped; ")
    before = pixels(portraits["hopper"])
    after = pixels(tmp_path / "out.png")
    changed = np.abs(after - before).max(axis=2)
    assert changed[200:260, 230:310].mean() > 5  # the nose and the cheeks beside it
    changed[80:360, 130:400] = 0  # around the head
    assert changed.max() == 0


def test_a_video(roop: Roop, portraits: Portraits, clip: Path, tmp_path: Path) -> None:
    done = roop("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["output"] == "out.mp4"
    assert (result["frames"], result["swapped"], result["damaged"]) == (15, 15, 0)
    assert result["engine"] == "mesh"
    with av.open(tmp_path / "out.mp4") as made, av.open(clip) as given:
        assert [s.type for s in made.streams] == [s.type for s in given.streams]
        times = [[f.time for f in c.decode(video=0)] for c in (made, given)]
    assert times[0] == times[1]
    assert left_in(tmp_path) == ["out.mp4"]


@pytest.mark.parametrize("first", ["none.png", "me.png"])
def test_several_photos_after_one_flag_or_several(
    roop: Roop, portraits: Portraits, tmp_path: Path, first: str
) -> None:
    (tmp_path / "me.png").symlink_to(portraits["astronaut"])
    second = "me.png" if first == "none.png" else "none.png"
    job = ("swap", "-t", portraits["hopper"], "-o", "a.png", "-s", first)
    for rest in ((second,), ("-s", second)):
        assert roop(*job, *rest).stderr.startswith("error: none.png does not exist\n")


def test_a_folder_as_output(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    done = roop("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", ".")
    assert done.returncode == 0, done.stderr
    assert left_in(tmp_path) == ["astronaut-hopper.png"]


def test_only_force_overwrites_an_output(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    output = tmp_path / "out.png"
    output.write_bytes(b"precious")
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    done = roop(*job)
    assert done.returncode == 2
    assert "out.png exists" in done.stderr
    assert "--force" in done.stderr
    assert output.read_bytes() == b"precious"
    assert roop(*job, "--force").returncode == 0
    assert pixels(output).shape == (600, 512, 3)


def test_quiet_prints_nothing(roop: Roop, portraits: Portraits) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    done = roop(*job, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_name_that_the_terminal_cannot_show(portraits: Portraits, tmp_path: Path) -> None:
    done = subprocess.run(
        command(
            "swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "gesicht_ß.png"
        ),
        cwd=tmp_path,
        env=environment() | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("gesicht_\\xdf.png\n")
    assert left_in(tmp_path) == ["gesicht_ß.png"]


def test_a_name_cannot_break_a_line_or_steer_the_terminal(
    roop: Roop, portraits: Portraits, tmp_path: Path
) -> None:
    target = tmp_path / "new\nline \x1b[31m ä.png"
    target.write_bytes(portraits["hopper"].read_bytes())
    done = roop("swap", "-s", portraits["astronaut"], "-t", target, "-o", ".")
    assert done.stdout.startswith("astronaut-new\\nline \\x1b[31m ä.png\n1 face")
    again = roop("swap", "-s", portraits["astronaut"], "-t", target, "-o", ".")
    assert again.stderr.startswith(
        "error: the output astronaut-new\\nline \\x1b[31m ä.png exists\n"
    )


def test_an_output_folder_that_cannot_be_written(roop: Roop, portraits: Portraits) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "/proc/o.png")
    done = roop(*job)
    assert done.returncode == 3
    assert "/proc/o.png cannot be written: files cannot be created in this folder" in done.stderr


@pytest.mark.parametrize("role", ["source", "target"])
@pytest.mark.parametrize("what", ["missing", "folder", "text", "empty"])
def test_files_that_cannot_be_read(
    roop: Roop, portraits: Portraits, tmp_path: Path, role: str, what: str
) -> None:
    bad = tmp_path / ("bad.mp4" if role == "target" else "bad.jpg")
    if what == "folder":
        bad.mkdir()
    elif what != "missing":
        bad.write_text("this is no video\n" * 20 if what == "text" else "")
    before = left_in(tmp_path)
    files = {"source": portraits["astronaut"], "target": portraits["hopper"], role: bad}
    output = "out.mp4" if role == "target" else "out.png"
    done = roop("swap", "-s", files["source"], "-t", files["target"], "-o", output)
    assert done.returncode == 3, done.stderr
    first, second = done.stderr.splitlines()
    assert "bad." in first
    assert second.startswith("hint: ")
    assert left_in(tmp_path) == before


@pytest.mark.parametrize("role", ["source", "target"])
def test_a_url_is_refused(roop: Roop, portraits: Portraits, role: str) -> None:
    address = "https://example.org/a.mp4"
    files = {"source": portraits["astronaut"], "target": portraits["hopper"], role: address}
    done = roop("swap", "-s", files["source"], "-t", files["target"], "-o", "out.mp4")
    assert done.returncode == 3
    assert "is a URL" in done.stderr
    assert done.stderr.endswith("hint: download it first\n")


@pytest.mark.parametrize(
    ("source", "target"), [("nobody", "hopper"), ("both", "hopper"), ("astronaut", "nobody")]
)
def test_no_face_or_several_faces(
    roop: Roop, portraits: Portraits, tmp_path: Path, source: str, target: str
) -> None:
    done = roop("swap", "-s", portraits[source], "-t", portraits[target], "-o", "out.png")
    assert done.returncode == 5
    assert done.stderr.startswith("error: ")
    assert done.stderr.splitlines()[1].startswith("hint: ")
    assert left_in(tmp_path) == []


def test_one_of_several_faces_of_a_source(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    job = ("swap", "-s", portraits["both"], "-t", portraits["hopper"])
    alone = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"])
    assert roop(*job, "--source-face-position", 1, "-o", "second.png").returncode == 0
    assert roop(*alone, "-o", "alone.png").returncode == 0
    second, single = (pixels(tmp_path / name) for name in ("second.png", "alone.png"))
    assert np.abs(second - single).mean() < 1  # the astronaut is the one on the right


def test_an_unknown_encoder(roop: Roop, portraits: Portraits, clip: Path) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4")
    done = roop(*job, "--output-video-encoder", "libx246")
    assert done.returncode == 2
    assert "libx246" in done.stderr
    assert "libx264" in done.stderr


def test_an_unknown_preset_is_reported_by_roop_alone(
    roop: Roop, portraits: Portraits, clip: Path
) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4")
    done = roop(*job, "--output-video-preset", "warp9")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first == "error: the video encoder libx264 has no preset 'warp9'"
    assert second.startswith("hint: choose one of: ultrafast, ")


def test_every_face_of_a_photo_is_counted(roop: Roop, portraits: Portraits) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["both"], "-o")
    assert "\n2 faces swapped; " in roop(*job, "all.png", "--many-faces").stdout
    assert "\n1 of 2 faces swapped; --many-faces for all; " in roop(*job, "one.png").stdout


def test_video_options_on_a_photo_are_a_warning(roop: Roop, portraits: Portraits) -> None:
    job = ("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"], "-o", "out.png")
    done = roop(*job, "--fps", 30, "--output-video-quality", 10, "--skip-audio")
    assert done.returncode == 0
    assert done.stderr == (
        "warning: the target is a photo: output-video-quality and fps have no effect on it\n"
    )


def test_a_full_disk(portraits: Portraits, clip: Path, tmp_path: Path) -> None:
    import resource  # Windows has none

    done = subprocess.run(
        command("swap", "-s", portraits["astronaut"], "-t", clip, "-o", "out.mp4"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )
    assert done.returncode == 3, done.stderr
    assert "out.mp4" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 3])
def test_cancelling_in_the_middle_leaves_nothing(
    portraits: Portraits, long_clip: Path, tmp_path: Path, number: int, times: int
) -> None:
    with subprocess.Popen(
        command("swap", "-s", portraits["astronaut"], "-t", long_clip, "-o", "out.mp4"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for_a_file(tmp_path, process)
        for _ in range(times):
            os.kill(process.pid, number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr == "cancelled, nothing was written\n"
    assert stdout == ""
    assert left_in(tmp_path) == []


def wait_for_a_file(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the job writes to ``folder``."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if any(path.stat().st_size for path in folder.iterdir()):
            return
        time.sleep(0.02)


def test_a_signal_before_the_job_prints_one_line(tmp_path: Path) -> None:
    program = """
import signal
from roop.cli.terminal.interrupts import exit_on_signals
with exit_on_signals():
    signal.raise_signal(signal.SIGINT)
    raise SystemExit("still here")
"""
    done = subprocess.run(
        [*command()[:1], "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "cancelled, nothing was written"


def test_without_an_output_a_new_file_gets_a_name(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_PICTURES_DIR", str(tmp_path / "pictures"))
    names = ("astronaut-hopper.png", "astronaut-hopper (2).png")
    for name in names:
        done = roop("swap", "-s", portraits["astronaut"], "-t", portraits["hopper"])
        output = tmp_path / "pictures" / "Outputs" / name
        assert done.stdout.splitlines()[0] == str(output)
        assert output.exists()


def test_two_people_in_turn(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    first, second = (
        np.asarray(Image.open(portraits[name]).convert("RGB").resize((320, 320)))
        for name in ("hopper", "astronaut")
    )
    write_clip(tmp_path / "turns.mp4", [first] * 10 + [second] * 8, fps=30)
    done = roop("swap", "-s", portraits["hopper"], "-t", "turns.mp4", "-o", "out.mp4")
    assert done.returncode == 0, done.stderr
    assert "2 people were replaced in turn, in 10 and 8 frames" in done.stderr
    photo = portraits["hopper"]
    assert f"hint: to replace only one of them: --map {photo}=0@" in done.stderr
