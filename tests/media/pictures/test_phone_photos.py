from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from roop.errors import MediaError, UsageError
from roop.media.formats import avif
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.media.pictures.decoding import read_photo, sniff
from roop.media.pictures.image import ImageReader
from roop.options import VideoOptions
from support.heic import Heic
from support.pictures_made import deep, described, portrait, repaint, srgb_profile

VIDEO = VideoOptions()


def even(width: int = 120, height: int = 100) -> np.ndarray:
    return portrait(width, height)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1"])
def test_a_heic_photo_is_a_picture_whatever_its_brand(tmp_path: Path, brand: bytes) -> None:
    path = Heic(brand).write(tmp_path / "a.heic", even())
    assert sniff(path) == "image"
    difference = np.abs(read_photo(path, pytest.fail).astype(int) - even())
    assert difference.mean() < 2


def test_a_heic_photo_is_turned_upright_once(tmp_path: Path) -> None:
    path = Heic(quarter_turns=1, exif=described(orientation=8)).write(tmp_path / "a.heic", even())
    with open_reader(path, VIDEO, pytest.fail) as reader:
        assert reader.info.size == (100, 120)
    upright = read_photo(path, pytest.fail)
    assert np.abs(upright.astype(int) - np.rot90(even())).mean() < 2


def test_exif_and_profile_of_a_heic_photo_reach_the_output(tmp_path: Path) -> None:
    profile = srgb_profile()
    target = Heic(exif=described(orientation=6), icc=profile).write(tmp_path / "a.heic", even())
    warnings: list[str] = []
    output = swap(target, tmp_path / "b.jpg", warnings)
    with Image.open(output) as image:
        assert image.getexif()[0x010F] == "Maker"
        assert image.getexif()[0x0112] == 1
        assert image.info["icc_profile"] == profile
    assert warnings == ["a.heic is HEIF, which is not written: the output is JPEG"]


def test_the_depth_of_a_heic_photo_is_kept_where_the_format_can(tmp_path: Path) -> None:
    pixels = deep(even())
    target = Heic(deep=True).write(tmp_path / "a.heic", pixels)
    reader = ImageReader(target, pytest.fail)
    assert reader.image.samples.dtype == np.uint16
    assert np.abs(reader.image.samples.astype(int) - pixels).mean() < 300
    output = swap(target, tmp_path / "b.png", [])
    with open_reader(output, VIDEO, pytest.fail) as read:
        assert read.info.pixel_format == "RGB;16"


def test_what_a_phone_adds_to_the_photo_is_said(tmp_path: Path) -> None:
    target = Heic(gain_map=True).write(tmp_path / "a.heic", even())
    warnings: list[str] = []
    assert ImageReader(target, warnings.append).info.size == (120, 100)
    assert warnings == ["a.heic also holds an HDR gain map: the output leaves it out"]


def test_an_output_beside_a_heic_target_is_a_jpeg(tmp_path: Path) -> None:
    target = Heic().write(tmp_path / "a.heic", even())
    assert same_format_suffix(target, VIDEO) == ".jpg"


def test_an_output_beside_a_deep_heic_target_is_an_avif_of_the_same_depth(tmp_path: Path) -> None:
    profile = srgb_profile()
    target = Heic(deep=True, icc=profile).write(tmp_path / "a.heic", deep(even()))
    assert same_format_suffix(target, VIDEO) == ".avif"
    warnings: list[str] = []
    output = swap(target, tmp_path / "a.avif", warnings)
    assert warnings == ["a.heic is HEIF, which is not written: the output is AVIF"]
    image = ImageReader(output, pytest.fail).image
    assert image.samples.dtype == np.uint16
    assert image.metadata.icc == profile


def test_a_heic_output_is_refused_with_the_way_out(tmp_path: Path) -> None:
    target = Heic().write(tmp_path / "a.heic", even())
    with pytest.raises(UsageError, match="read, but not written") as refused:
        swap(target, tmp_path / "b.heic", [])
    assert ".jpg" in str(refused.value.hint)


def test_a_damaged_heic_photo_is_one_clear_error(tmp_path: Path) -> None:
    target = Heic().write(tmp_path / "a.heic", even())
    target.write_bytes(target.read_bytes()[:300])
    with pytest.raises(MediaError, match="damaged"):
        ImageReader(target, pytest.fail)


def swap(target: Path, output: Path, warnings: list[str]) -> Path:
    """Repaint the face in ``target``."""
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            repaint(frame)
            writer.write(frame)
    return output


def test_an_avif_picture_of_ten_bits_keeps_them(tmp_path: Path) -> None:
    target = tmp_path / "a.avif"
    ramp = np.broadcast_to(np.linspace(0, 65535, 128).astype(np.uint16)[:, None], (96, 128, 3))
    settings = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 95]
    assert cv2.imwrite(str(target), np.ascontiguousarray(ramp >> 6), settings)
    reader = ImageReader(target, pytest.fail)
    assert reader.info.pixel_format == "RGB;16"
    assert np.abs(reader.image.samples.astype(int) - ramp).mean() < 500
    assert len(np.unique(reader.image.samples[48, :, 1] >> 6)) > 100


@pytest.mark.parametrize("suffix", ["heic", "HEIC", "mp4"])
def test_the_name_of_a_heic_photo_does_not_matter(tmp_path: Path, suffix: str) -> None:
    assert sniff(Heic().write(tmp_path / f"a.{suffix}", even())) == "image"


def test_an_avif_picture_of_twelve_bits_keeps_them(tmp_path: Path) -> None:
    target, output = tmp_path / "a.avif", tmp_path / "o.avif"
    cv2.imwrite(str(target), deep(portrait(120, 100)) >> 4, [cv2.IMWRITE_AVIF_DEPTH, 12])
    assert avif.bits(target) == 12
    swap(target, output, [])
    assert avif.bits(output) == 12
