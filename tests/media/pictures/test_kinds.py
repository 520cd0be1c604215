"""What a file is: a photo stays a photo, and what is not read says what it is."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from roop.errors import MediaError, UsageError
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.media.pictures.decoding import read_photo, sniff
from roop.options import VideoOptions
from support.pictures_made import portrait, repaint

VIDEO = VideoOptions()

READ_ONLY = ["ppm", "pgm", "pbm", "tga", "jp2", "j2k", "ico", "dds", "pcx", "sgi", "qoi"]


def saved(path: Path) -> Path:
    """Write a portrait in the format of the suffix."""
    image = Image.fromarray(portrait(128, 128))
    modes = {".pgm": "L", ".pbm": "1"}
    image.convert(modes.get(path.suffix, "RGB")).save(path)
    return path


@pytest.mark.parametrize("suffix", READ_ONLY)
def test_an_old_picture_becomes_a_png(tmp_path: Path, suffix: str) -> None:
    target = saved(tmp_path / f"a.{suffix}")
    assert sniff(target) == "image"
    assert read_photo(target, pytest.fail).shape == (128, 128, 3)
    assert same_format_suffix(target, VIDEO) == ".png"
    warnings: list[str] = []
    output = tmp_path / "b.png"
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        before = reader.image.samples.copy()  # type: ignore[attr-defined]
        (frame,) = reader
        mask = repaint(frame)
        writer.write(frame)
    assert len(warnings) == 1
    assert "is not written: the output is PNG" in warnings[0]
    with Image.open(output) as image:
        written = np.asarray(image.convert("RGB"))[~mask]
    colours = before[..., :1] if before.shape[2] < 3 else before[..., :3]
    assert np.array_equal(written, np.broadcast_to(colours, (128, 128, 3))[~mask])


@pytest.mark.parametrize("suffix", READ_ONLY)
def test_an_old_picture_is_known_by_its_content(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path / f"a.{suffix}").rename(tmp_path / "a.mp4")
    assert sniff(path) == "image"


def test_an_output_in_a_format_that_is_only_read_is_refused(tmp_path: Path) -> None:
    target = saved(tmp_path / "a.tga")
    with (
        open_reader(target, VIDEO, pytest.fail) as reader,
        pytest.raises(UsageError, match=r"\.tga files are read, but not written"),
    ):
        open_writer(tmp_path / "b.tga", reader, VIDEO, force=False, warn=pytest.fail)


def tiff_directory(*entries: tuple[int, int, int]) -> bytes:
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(200)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.dng", tiff_directory((254, 4, 1), (50706, 1, 0x0401)), "a raw photo"),
        ("a.tif", tiff_directory((262, 3, 32803)), "a raw photo"),
        ("a.nef", tiff_directory((254, 4, 1), (330, 4, 500)), "a raw photo"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\x02\0" + bytes(100), "a raw photo"),
        ("a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100), "a raw photo"),
        ("a.raf", b"FUJIFILMCCD-RAW 0201" + bytes(100), "a raw photo"),
        ("a.rw2", b"IIU\0\x18\0\0\0" + bytes(100), "a raw photo"),
        ("a.svg", b'<?xml version="1.0"?>\n<svg width="9"></svg>', "an SVG drawing"),
        ("a.pdf", b"%PDF-1.7" + bytes(100), "a PDF document"),
        ("a.exr", b"\x76\x2f\x31\x01" + bytes(100), "an OpenEXR picture"),
        ("a.pam", b"P7\nWIDTH 2\nHEIGHT 2\n" + bytes(100), "a PAM or PFM picture"),
    ],
)
def test_what_is_not_read_says_what_it_is(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=words) as refused:
        open_reader(path, VIDEO, pytest.fail)
    hint = str(refused.value.hint)
    assert ("develop it first" in hint) if words == "a raw photo" else ("convert it" in hint)


def test_a_picture_that_only_ffmpeg_knows_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "a.xwd"
    with av.open(str(path), "w", format="image2") as output:
        stream = output.add_stream("xwd", rate=1)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "bgra"
        frame = av.VideoFrame.from_ndarray(portrait(128, 96), "rgb24").reformat(format="bgra")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(MediaError, match="a picture of a kind that is not read"):
        open_reader(path, VIDEO, pytest.fail)
