"""The command ``roop enhance``: sharper faces, screened and marked like any output."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from support.terminal import Roop


def blurred(portrait: Path, folder: Path) -> Path:
    """Write a photo that is out of focus."""
    with Image.open(portrait) as image:
        pixels = cv2.GaussianBlur(np.asarray(image.convert("RGB")), (0, 0), 1.5)
    path = folder / "blurred.png"
    Image.fromarray(pixels).save(path)
    return path


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_photo_is_sharpened_without_a_source(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    target, output = blurred(portraits["astronaut"], tmp_path), tmp_path / "sharp.png"
    done = roop("enhance", "-t", target, "-o", output)
    assert done.returncode == 0, done.stderr
    assert "1 face changed" in done.stdout
    assert "enhance" in done.stdout
    face = np.s_[60:170, 170:280]
    before, after = (np.abs(np.diff(pixels_of(p)[face], axis=1)).mean() for p in (target, output))
    assert after > 1.05 * before
    far = np.abs(pixels_of(output) - pixels_of(target))[300:]
    assert far.max() <= 3  # the watermark at most
    printed = roop("verify", output).stdout
    assert "AI" in printed
    assert "enhance" in printed
    assert "replaced" not in printed


def test_no_engine_and_no_processor_is_refused(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    done = roop("swap", "--engine", "none", "-t", portraits["hopper"], "-o", tmp_path / "out.png")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: there is nothing to do",
        "hint: add --enhance or --upscale",
    ]


def test_a_photo_without_a_face_is_not_enhanced(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    done = roop("enhance", "-t", portraits["nobody"], "-o", tmp_path / "out.png")
    assert done.returncode == 5
    assert done.stderr.startswith("error: no face found in ")


def test_a_folder_gets_a_name_of_its_own(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    done = roop("enhance", "-t", portraits["hopper"], "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "enhance-hopper.png").is_file()


def test_the_original_option_does_the_same(
    roop: Roop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    target = portraits["hopper"]
    old = ("--frame-processor", "face_enhancer", "-t", target, "-o", tmp_path / "old.png")
    assert roop("swap", *old).returncode == 0
    assert roop("enhance", "-t", target, "-o", tmp_path / "new.png").returncode == 0
    assert np.array_equal(pixels_of(tmp_path / "old.png"), pixels_of(tmp_path / "new.png"))
