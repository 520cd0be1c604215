"""What a picture file says beside its pixels is kept, or a warning names it."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from roop.media.open import open_reader, open_writer
from roop.options import VideoOptions
from support.pictures_made import portrait, repaint

VIDEO = VideoOptions()


def swapped(target: Path, output: Path) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, VIDEO, warnings.append, output=output) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            repaint(frame)
            writer.write(frame)
    return warnings


def chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")


def animation(path: Path, *, hidden: bool = False) -> Path:
    frames = [Image.fromarray(portrait(96, 96)).rotate(10 * turn) for turn in range(3)]
    first, *others = frames
    first.save(path, "PNG", save_all=True, append_images=others, default_image=hidden, duration=50)
    return path


def test_comment_and_loop_of_a_gif_of_one_frame_stay(tmp_path: Path) -> None:
    target, output = tmp_path / "a.gif", tmp_path / "o.gif"
    Image.fromarray(portrait(96, 96)).save(target, comment=b"by hand", loop=3)
    assert swapped(target, output) == []
    with Image.open(output) as image:
        assert (image.info["comment"], image.info["loop"]) == (b"by hand", 3)


def test_the_comment_of_a_jpeg_2000_becomes_a_text(tmp_path: Path) -> None:
    target, output = tmp_path / "a.jp2", tmp_path / "o.png"
    Image.fromarray(portrait(96, 96)).save(target, comment="by hand")
    swapped(target, output)
    with Image.open(output) as image:
        assert isinstance(image, PngImageFile)
        assert image.text["Comment"] == "by hand"


def test_a_comment_without_a_place_is_named(tmp_path: Path) -> None:
    target = tmp_path / "a.gif"
    Image.fromarray(portrait(96, 96)).save(target, comment=b"by hand")
    assert any("the comment of a.gif is left out" in line for line in swapped_to(target, "o.webp"))


def swapped_to(target: Path, name: str) -> list[str]:
    return swapped(target, target.with_name(name))


def test_the_picture_before_an_animation_is_said_to_go(tmp_path: Path) -> None:
    target = animation(tmp_path / "a.png", hidden=True)
    assert any("for viewers that cannot play it" in line for line in swapped_to(target, "o.png"))
    with Image.open(tmp_path / "o.png") as image:
        assert len(list(ImageSequence.Iterator(image))) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"acTL\0\0\0\3", b"acTL\0\0\0\5"),  # more frames than there are
        (b"fdAT\0\0\0\2", b"fdAT\0\0\0\6"),  # not in order
    ],
)
def test_a_damaged_sequence_of_frames_is_said(tmp_path: Path, old: bytes, new: bytes) -> None:
    target = animation(tmp_path / "a.png")
    data = target.read_bytes()
    assert old in data
    at = data.index(old) - 4
    length = int.from_bytes(data[at : at + 4], "big")
    body = data[at + 8 : at + 8 + length].replace(old[4:], new[4:], 1)
    target.write_bytes(data[:at] + chunk(old[:4], body) + data[at + 12 + length :])
    assert any("is damaged" in line for line in swapped_to(target, "o.png"))


def test_an_animation_without_its_header_is_a_still_that_says_so(tmp_path: Path) -> None:
    target = animation(tmp_path / "a.png")
    data = target.read_bytes()
    at = data.index(b"acTL") - 4
    target.write_bytes(data[:at] + data[at + 20 :])
    assert any("an animation, which is damaged" in line for line in swapped_to(target, "o.png"))


def test_a_transparent_colour_of_a_black_and_white_png_stays(tmp_path: Path) -> None:
    target, output = tmp_path / "a.png", tmp_path / "o.png"
    Image.fromarray(portrait(96, 96)).convert("1").save(target, transparency=1)
    assert swapped(target, output) == []
    with Image.open(output) as image:
        assert np.asarray(image.convert("RGBA"))[..., 3].min() == 0


def test_the_turn_in_an_exif_text_of_a_png_stays(tmp_path: Path) -> None:
    block = Image.Exif()
    block[0x112] = 6
    data = b"Exif\0\0" + block.tobytes().removeprefix(b"Exif\0\0")
    target, output = tmp_path / "a.png", tmp_path / "o.png"
    Image.fromarray(portrait(96, 88)).save(target)
    text = f"Raw profile type exif\0\nexif\n{len(data):8}\n{data.hex()}\n".encode("latin-1")
    whole = target.read_bytes()
    target.write_bytes(whole[:33] + chunk(b"tEXt", text) + whole[33:])
    swapped(target, output)
    with Image.open(output) as image:
        assert image.getexif()[0x112] == 6


def tagged(path: Path, mode: str) -> Path:
    tags = ImageFileDirectory_v2()
    tags[270] = "Caf\xe9".encode("latin-1")
    tags[318] = (0.3127, 0.329)
    tags[319] = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    tags[301] = tuple(range(256)) * 3
    tags[532] = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
    for tag, kind in ((270, 2), (318, 5), (319, 5), (301, 3), (532, 5)):
        tags.tagtype[tag] = kind
    Image.fromarray(portrait(96, 96)).convert(mode).save(path, tiffinfo=tags)
    return path


def test_the_colour_tags_of_a_tiff_stay(tmp_path: Path) -> None:
    target, output = tagged(tmp_path / "a.tif", "RGB"), tmp_path / "o.tif"
    assert swapped(target, output) == []
    with Image.open(target) as before, Image.open(output) as after:
        assert before.tag_v2[270] == "Caf\xe9"
        for tag in (270, 301, 318, 319, 532):
            assert after.tag_v2[tag] == before.tag_v2[tag]


def test_the_colour_tags_of_a_cmyk_tiff_are_said_to_go(tmp_path: Path) -> None:
    warnings = swapped_to(tagged(tmp_path / "a.tif", "CMYK"), "o.tif")
    (line,) = [line for line in warnings if "left out" in line]
    for name in ("TransferFunction", "WhitePoint", "PrimaryChromaticities", "ReferenceBlackWhite"):
        assert name in line


def test_a_profile_that_a_jpeg_holds_twice_is_kept_once(tmp_path: Path) -> None:
    target, output = tmp_path / "a.jpg", tmp_path / "o.jpg"
    Image.fromarray(portrait(96, 96)).save(target, icc_profile=b"profile")
    data = target.read_bytes()
    at = data.index(b"ICC_PROFILE") - 4
    length = struct.unpack_from(">H", data, at + 2)[0] + 2
    target.write_bytes(data[: at + length] + data[at : at + length] + data[at + length :])
    swapped(target, output)
    with Image.open(output) as image:
        assert image.info["icc_profile"] == b"profile"


def test_a_stray_restart_marker_of_a_jpeg_hides_nothing(tmp_path: Path) -> None:
    target, output = tmp_path / "a.jpg", tmp_path / "o.jpg"
    Image.fromarray(portrait(96, 96)).save(target, comment=b"by hand", progressive=True)
    data = target.read_bytes()
    target.write_bytes(data[:2] + b"\xff\xd5" + data[2:])
    assert swapped(target, output) == []
    with Image.open(output) as image:
        image.load()
        assert image.info["comment"] == b"by hand"


def test_tags_of_a_tiff_that_may_show_the_old_face_are_named(tmp_path: Path) -> None:
    tags = ImageFileDirectory_v2()
    tags.tagtype[34377], tags[34377] = 1, b"8BIM\x04\x0c\0\0\0\0\0\x04abcd"
    tags.tagtype[20507], tags[20507] = 7, b"\xff\xd8\xff\xdb" + bytes(90)
    target = tmp_path / "a.tif"
    Image.fromarray(portrait(96, 96)).save(target, tiffinfo=tags)
    (line,) = swapped_to(target, "o.tif")
    assert "PhotoshopSettings" in line
    assert "20507" in line
