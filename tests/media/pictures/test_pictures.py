import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, ImageCms

from roop.errors import MediaError, RoopError
from roop.media.pictures import decoding
from roop.media.pictures.decoding import read_photo, sniff
from roop.media.pictures.image import ImageReader
from support.pictures_made import described, portrait, save_animation, srgb_profile, with_alpha


def ignore(_: str) -> None: ...


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "avif", "gif"])
def test_pictures_are_known_by_content(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(portrait()).save(path)
    path = path.rename(tmp_path / "a.mp4")
    assert sniff(path) == "image"
    assert read_photo(path, ignore).shape == (101, 121, 3)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_animations_are_known_by_content(tmp_path: Path, suffix: str) -> None:
    frames = [np.roll(portrait(), shift, axis=1) for shift in (0, 9, 18)]
    path = save_animation(tmp_path / f"a.{suffix}", frames)
    assert sniff(path.rename(tmp_path / "a.jpg")) == "animation"


@pytest.mark.parametrize("content", [b"a text", b"\0" * 500, b"BM nothing of the kind at all!!!"])
def test_other_files_are_not_images(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert sniff(path) is None
    with pytest.raises(MediaError, match="not a supported image"):
        ImageReader(path, ignore)


def test_a_missing_or_empty_file_or_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        sniff(tmp_path / "nothing.jpg")
    with pytest.raises(MediaError, match="folder"):
        sniff(tmp_path)
    empty = tmp_path / "empty.png"
    empty.touch()
    with pytest.raises(MediaError, match="empty"):
        sniff(empty)


def bomb(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(portrait()).save(stream, {"tif": "TIFF", "jpg": "JPEG"}.get(kind, kind))
    data = bytearray(stream.getvalue())
    if kind == "png":
        data[16:24] = struct.pack(">II", 60000, 60000)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif kind == "jpg":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", 60000, 60000)
    elif kind == "gif":
        data[6:10] = struct.pack("<HH", 60000, 60000)
    elif kind == "bmp":
        data[18:26] = struct.pack("<ii", 60000, 60000)
    else:
        for tag in (256, 257):
            entry = data.index(struct.pack("<HH", tag, 4), 8)
            data[entry + 8 : entry + 12] = struct.pack("<I", 60000)
    return bytes(data)


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp", "tif"])
def test_a_picture_bomb_is_refused_by_its_header(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(bomb(kind))
    import resource  # Windows has none

    limit = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + (1 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (most, limit[1]))
    try:
        with pytest.raises(MediaError, match="60000x60000 pixels, more than the limit of 300 mill"):
            read_photo(path, ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "avif", "gif"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_image_is_one_clear_error_or_nearly_whole(
    tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(portrait()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    if suffix in ("jpg", "gif") and kept == 0.9:
        warnings: list[str] = []
        assert ImageReader(path, warnings.append).info.size == (121, 101)
        assert any("its end is missing" in warning for warning in warnings)
        return
    with pytest.raises(MediaError, match=path.name):
        ImageReader(path, ignore)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "gif"])
def test_garbage_inside_is_read_or_refused_but_never_crashes(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(portrait()).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(60):
        data = np.frombuffer(whole, np.uint8).copy()
        data[rng.integers(12, min(400, len(data)), 3)] = rng.integers(0, 256, 3)
        path.write_bytes(data.tobytes())
        with suppress(RoopError):
            pixels = read_photo(path, ignore)
            assert (pixels.ndim, pixels.shape[2], pixels.dtype) == (3, 3, np.uint8)
    caplog.clear()  # Pillow logs an error before it raises it


def test_a_photo_is_upright_whatever_its_orientation(tmp_path: Path) -> None:
    upright = portrait()
    turns = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    for tag, stored in turns.items():
        for suffix in ("png", "tif"):
            path = tmp_path / f"{tag}.{suffix}"
            Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=described(tag))
            assert np.array_equal(read_photo(path, ignore), upright), (tag, suffix)


def test_a_photo_is_made_smaller_than_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (decoding.MAX_PHOTO_SIDE + 1000, 50), (9, 8, 7)).save(path)
    photo = read_photo(path, ignore)
    assert photo.shape[1] == decoding.MAX_PHOTO_SIDE
    assert np.array_equal(np.unique(photo.reshape(-1, 3), axis=0), [[9, 8, 7]])


def test_transparent_parts_of_a_photo_are_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(with_alpha(portrait())).save(path)
    photo = read_photo(path, ignore)
    assert (photo[:, 0] == 255).all()
    assert np.abs(photo[:, -1].astype(int) - portrait()[:, -1]).max() <= 1


def test_a_photo_in_another_colour_space_comes_out_in_srgb(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    turned = ImageCms.profileToProfile(Image.fromarray(portrait()), srgb, lab, outputMode="LAB")
    assert turned is not None
    turned.save(path)
    error = read_photo(path, ignore).astype(int) - portrait()
    assert np.sqrt((error**2).mean()) < 4


def test_a_damaged_profile_is_ignored_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(portrait()).save(path, icc_profile=srgb_profile()[:200])
    warnings: list[str] = []
    assert np.array_equal(read_photo(path, warnings.append), portrait())
    assert any("profile" in line for line in warnings)
