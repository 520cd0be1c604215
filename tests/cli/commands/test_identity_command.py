"""The command ``roop identity``: one file that replaces photos and is screened like them."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.figures import drawing
from support.terminal import command, environment

Portraits = dict[str, Path]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Run:
    """Return a function that runs the command with an empty home."""

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env={**environment(), "XDG_DATA_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    return run


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.slow
def test_a_saved_identity_swaps_like_its_photos(
    home: Run, portraits: Portraits, tmp_path: Path
) -> None:
    made = home("identity", "make", "eileen", portraits["astronaut"])
    assert made.returncode == 0, made.stderr
    assert made.stdout.endswith("1 photo; use it with `roop swap -s eileen`\n")
    (saved,) = (tmp_path / "home").rglob("eileen.identity")
    assert saved.stat().st_size < 150_000
    swap = ("swap", "-t", portraits["hopper"])
    assert home(*swap, "-s", "eileen", "-o", "name.png").returncode == 0
    assert home(*swap, "-s", portraits["astronaut"], "-o", "photo.png").returncode == 0
    name, photo, before = (
        pixels_of(path)
        for path in (tmp_path / "name.png", tmp_path / "photo.png", portraits["hopper"])
    )
    face = (slice(190, 310), slice(210, 320))
    assert np.abs(name - photo)[face].mean() < 0.25 * np.abs(before - photo)[face].mean()
    again = home("identity", "make", "eileen", portraits["astronaut"])
    assert again.returncode == 2
    assert "--force" in again.stderr
    mistyped = home(*swap, "-s", "eilen", "-o", "mistyped.png")
    assert mistyped.returncode == 3
    assert (
        "no file and no saved identity called eilen\nhint: did you mean eileen?" in mistyped.stderr
    )


def test_the_photos_in_an_identity_are_screened_again(
    home: Run, portraits: Portraits, tmp_path: Path
) -> None:
    Image.fromarray(drawing()).save(tmp_path / "nude.jpg", quality=95)
    Image.open(portraits["astronaut"]).convert("RGB").save(tmp_path / "face.jpg")
    with zipfile.ZipFile(tmp_path / "forged.identity", "w") as archive:
        archive.write(tmp_path / "face.jpg", "00.jpg")
        archive.write(tmp_path / "nude.jpg", "01.jpg")
    done = home("swap", "-s", "forged.identity", "-t", portraits["hopper"], "-o", "o.png")
    assert done.returncode == 6
    assert not (tmp_path / "o.png").exists()
    done = home("identity", "make", "x", "forged.identity")
    assert done.returncode == 6
    assert not list((tmp_path / "home").rglob("x.identity"))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x05\x06" + bytes(18), b"no archive", bytes(range(99))]
)
def test_a_damaged_file(home: Run, portraits: Portraits, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.identity").write_bytes(content)
    done = home("swap", "-s", "bad.identity", "-t", portraits["hopper"], "-o", "o.png")
    assert done.returncode == 3
    assert "bad.identity is damaged or not a saved identity" in done.stderr
