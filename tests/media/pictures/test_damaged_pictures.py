"""Damaged pictures are read as far as they go; others say in one line what they are."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.errors import MediaError
from roop.media.open import open_reader, open_writer
from roop.media.pictures.decoding import read_photo
from roop.media.pictures.image import ImageReader
from roop.options import VideoOptions
from support.clips import Clip
from support.pictures_made import moving, portrait, repaint, save_animation

VIDEO = VideoOptions()


def swapped(target: Path, output: Path) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            repaint(frame)
            writer.write(frame)
    return warnings


@pytest.mark.parametrize("suffix", ["jpg", "gif"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_cut_near_its_end_is_read_as_far_as_it_goes(
    tmp_path: Path, suffix: str, progressive: bool
) -> None:
    target, output = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    Image.fromarray(portrait()).save(target, progressive=progressive)
    whole = read_photo(target, pytest.fail)
    target.write_bytes(target.read_bytes()[:-300])
    warnings = swapped(target, output)
    assert len(warnings) == 1
    assert "its end is missing" in warnings[0]
    assert np.array_equal(
        ImageReader(target, warnings.append).image.samples[:60, :, :3], whole[:60]
    )
    with Image.open(output) as image:
        image.load()
        away = np.asarray(image.convert("RGB"))[:15].astype(int) - whole[:15]
    assert np.abs(away).mean() < 3


def test_an_animation_cut_near_its_end_says_so(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.gif", moving(transparent=False))
    target.write_bytes(target.read_bytes()[:-300])
    warnings = swapped(target, tmp_path / "b.gif")
    assert any("its end is missing" in warning for warning in warnings)


def test_a_png_with_a_damaged_text_is_read(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    Image.fromarray(portrait()).save(target)
    data, body = target.read_bytes(), b"tEXtComment\0hello"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body) ^ 1)
    target.write_bytes(data[:33] + chunk + data[33:])
    warnings = swapped(target, tmp_path / "b.png")
    assert len(warnings) == 1
    assert "texts" in warnings[0]
    with Image.open(tmp_path / "b.png") as image:
        assert np.array_equal(np.asarray(image)[:15], portrait()[:15])


def test_a_bmp_of_an_unknown_version_is_not_called_damaged(tmp_path: Path) -> None:
    target = tmp_path / "a.bmp"
    Image.fromarray(portrait()).save(target)
    data = bytearray(target.read_bytes())
    data[14] = 68
    target.write_bytes(data)
    with pytest.raises(MediaError, match="cannot be read: Unsupported BMP header"):
        open_reader(target, VIDEO, pytest.fail)


def test_libraries_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.tif"
    deep = np.repeat(portrait().astype(np.uint16) * 257, 1, axis=2)
    stream = io.BytesIO()
    Image.fromarray(deep[..., 0]).save(stream, "TIFF", compression="tiff_lzw")
    data = bytearray(stream.getvalue())
    (at,) = struct.unpack_from("<I", data, 4)
    first, second = data[at + 2 : at + 14], data[at + 14 : at + 26]
    data[at + 2 : at + 26] = second + first  # libtiff complains about the order of tags
    target.write_bytes(data)
    read_photo(target, lambda warning: None)
    assert capfd.readouterr().err == ""


def test_an_encrypted_film_is_named(tmp_path: Path) -> None:
    target = Clip().write(tmp_path / "a.mp4")
    target.write_bytes(target.read_bytes().replace(b"avc1", b"encv"))
    with pytest.raises(MediaError, match="encrypted"):
        open_reader(target, VIDEO, pytest.fail)


def test_a_resolution_that_no_format_holds_is_left_out(tmp_path: Path) -> None:
    target = tmp_path / "a.tif"
    Image.fromarray(portrait()).save(target, dpi=(4e9, 4e9))
    swapped(target, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        image.load()
        assert "dpi" not in image.info


def test_a_jpeg_without_any_pixels_is_one_clear_error(tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    Image.fromarray(portrait()).save(target)
    data = target.read_bytes()
    target.write_bytes(data[: data.index(b"\xff\xda")] + b"\xff\xd9")
    with pytest.raises(MediaError, match="damaged or incomplete"):
        ImageReader(target, pytest.fail)
