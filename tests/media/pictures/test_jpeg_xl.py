"""JPEG XL pictures are read as sources and targets, and named where the extra is missing."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.errors import MediaError
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.media.pictures.decoding import read_photo, sniff
from roop.options import VideoOptions
from support.pictures_made import described, portrait, repaint, srgb_profile

VIDEO = VideoOptions()

pylibjxl = pytest.importorskip("pylibjxl", reason="has no wheel for this machine")


def written(path: Path, pixels: np.ndarray, **metadata: bytes) -> Path:
    path.write_bytes(pylibjxl.encode(pixels, lossless=True, **metadata))
    return path


def swap(target: Path, output: Path) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            repaint(frame)
            writer.write(frame)
    return warnings


def test_a_source_photo_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jxl", portrait(120, 100))
    assert sniff(path) == "image"
    assert np.array_equal(read_photo(path, pytest.fail), portrait(120, 100))


def test_a_target_becomes_a_jpeg_with_its_metadata(tmp_path: Path) -> None:
    exif, icc = described(orientation=6), srgb_profile()
    target = written(tmp_path / "a.jxl", portrait(120, 100), exif=exif, icc=icc)
    assert same_format_suffix(target, VIDEO) == ".jpg"
    (warning,) = swap(target, tmp_path / "o.jpg")
    assert "is not written: the output is JPEG" in warning
    with Image.open(tmp_path / "o.jpg") as image:
        assert image.size == (120, 100)  # the file's own turn counts, not that of EXIF
        assert image.getexif().get(0x112, 1) == 1
        assert image.info["icc_profile"]
        assert dict(image.getexif()).keys() >= {0x112}


def test_a_transparent_target_becomes_an_avif(tmp_path: Path) -> None:
    pixels = np.dstack([portrait(120, 100), np.full((100, 120), 128, np.uint8)])
    target = written(tmp_path / "a.jxl", pixels)
    assert same_format_suffix(target, VIDEO) == ".avif"
    swap(target, tmp_path / "o.avif")
    with Image.open(tmp_path / "o.avif") as image:
        assert image.mode == "RGBA"


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    target = written(tmp_path / "a.jxl", portrait(120, 100))
    target.write_bytes(target.read_bytes()[:200])
    with pytest.raises(MediaError, match=r"a\.jxl is damaged or incomplete"):
        open_reader(target, VIDEO, pytest.fail)


def test_without_the_extra_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = written(tmp_path / "a.jxl", portrait(120, 100))
    monkeypatch.setitem(sys.modules, "pylibjxl", None)
    with pytest.raises(MediaError, match="is a JPEG XL picture") as refused:
        open_reader(target, VIDEO, pytest.fail)
    assert "roop[jxl]" in str(refused.value.hint)
