"""No picture leaves beside the one that was screened and marked: tracks, covers, thumbnails."""

import base64
import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from roop.media.formats.jpeg.segments import segment_bytes
from roop.media.open import open_reader, open_writer
from roop.options import VideoOptions
from support.figures import Pixels
from support.outputs import make

pytestmark = pytest.mark.slow


def jpeg(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((160, 160)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def add_track(clean: Path, target: Path, figure: Pixels, *, cover: bool) -> None:
    """Copy a video with a second one, or a cover, beside it."""
    with av.open(clean) as source, av.open(target, "w") as output:
        copied = output.add_stream_from_template(source.streams.video[0])
        other = output.add_stream("mjpeg" if cover else "libx264", rate=12)
        other.height, other.width = figure.shape[:2]
        other.pix_fmt = "yuvj420p" if cover else "yuv420p"
        if cover:
            other.disposition = Disposition.attached_pic
        for number in range(1 if cover else 12):
            frame = VideoFrame.from_ndarray(figure, format="rgb24").reformat(format=other.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 12)
            output.mux(other.encode(frame))
        output.mux(other.encode(None))
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                output.mux(packet)


@pytest.mark.parametrize("cover", [False, True], ids=["track", "cover"])
@pytest.mark.parametrize("suffixes", [("mp4", "mp4"), ("mp4", "mkv"), ("mkv", "mov")])
def test_a_second_video_is_left_out(
    photo: Path, video: Path, figure: Pixels, out: Path, suffixes: tuple[str, str], *, cover: bool
) -> None:
    target = video.with_name(f"two.{suffixes[0]}")
    add_track(video, target, figure, cover=cover)
    result = make(photo, target, out / f"x.{suffixes[1]}")
    assert any("neither screened nor marked" in warning for warning in result.warnings)
    with av.open(out / f"x.{suffixes[1]}") as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_cover_in_a_tag_is_left_out(photo: Path, video: Path, figure: Pixels, out: Path) -> None:
    target = video.with_name("tagged.mkv")
    picture = base64.b64encode(jpeg(figure)).decode()
    with av.open(video) as source, av.open(target, "w") as output:
        output.metadata.update({"METADATA_BLOCK_PICTURE": picture, "SOMETHING": picture})
        output.metadata["title"] = "At sea"
        copied = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                output.mux(packet)
    make(photo, target, out / "x.mkv")
    assert picture[:40].encode() not in (out / "x.mkv").read_bytes()
    with av.open(out / "x.mkv") as container:
        assert container.metadata["title"] == "At sea"


def exif_block(first: list[tuple[int, bytes]], second: list[tuple[int, bytes]]) -> bytes:
    """Return an EXIF block of two directories of binary values."""
    data = bytearray(b"II*\0\x08\0\0\0")
    for entries, last in ((first, False), (second, True)):
        values = len(data) + 2 + 12 * len(entries) + 4
        data += struct.pack("<H", len(entries))
        body = b""
        for tag, value in entries:
            if tag in (0x0201, 0x0202, 0x0103):
                number = values + len(body) if tag == 0x0201 else len(value)
                data += struct.pack("<HHII", tag, 4, 1, number)
                body += value if tag == 0x0201 else b""
            else:
                data += struct.pack("<HHII", tag, 7, len(value), values + len(body))
                body += value
        data += struct.pack("<I", 0 if last else values + len(body)) + body
    return bytes(data)


def exif_thumbnail(hidden: bytes) -> bytes:
    return exif_block([], [(0x0201, hidden), (0x0202, hidden)])


def exif_preview(hidden: bytes) -> bytes:
    return exif_block([(0xC000, hidden)], [])


def exif_strips(hidden: bytes) -> bytes:
    return exif_block([], [(0x0111, hidden[2:]), (0x0103, b"1")])


@pytest.mark.parametrize("block", [exif_thumbnail, exif_preview, exif_strips])
@pytest.mark.parametrize("suffixes", [("jpg", "jpg"), ("png", "png"), ("webp", "webp"),
    ("jpg", "webp"), ("png", "jpg"), ("webp", "tiff"), ("jpg", "avif")])  # fmt: skip
def test_thumbnails_in_exif_are_left_out(
    photo: Path,
    face: Pixels,
    figure: Pixels,
    out: Path,
    block: Callable[[bytes], bytes],
    suffixes: tuple[str, str],
) -> None:
    hidden = jpeg(figure)
    target, output = photo.with_name(f"in.{suffixes[0]}"), out / f"x.{suffixes[1]}"
    Image.fromarray(face).save(target, exif=b"Exif\0\0" + block(hidden))
    make(photo, target, output)
    assert hidden[700:800] not in output.read_bytes()


def with_segment(marker: int, body: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[:2] + segment_bytes(marker, body) + data[2:]


@pytest.mark.parametrize("edited", [True, False])
@pytest.mark.parametrize(
    "kind", ["photoshop", "jfxx", "comment", "fpxr", "xmp", "extended xmp", "behind", "mpf"]
)
def test_pictures_inside_a_jpeg_are_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path, kind: str, *, edited: bool
) -> None:
    hidden = jpeg(figure)
    text = base64.b64encode(hidden)
    resource = b"8BIM" + (1036).to_bytes(2, "big") + b"\0\0" + len(hidden).to_bytes(4, "big")
    change = {
        "photoshop": with_segment(0xED, b"Photoshop 3.0\0" + resource + hidden),
        "jfxx": with_segment(0xE0, b"JFXX\0\x10" + hidden),
        "comment": with_segment(0xFE, hidden),
        "fpxr": with_segment(0xE2, b"FPXR\0" + hidden),
        "xmp": with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + text),
        "extended xmp": with_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + text),
        "behind": lambda data: data + hidden,
        "mpf": lambda data: with_segment(0xE2, b"MPF\0" + bytes(60))(data) + hidden,
    }[kind]
    target, output = photo.with_name("in.jpg"), out / "x.jpg"
    Image.fromarray(face).save(photo.with_name("plain.jpg"))
    target.write_bytes(change(photo.with_name("plain.jpg").read_bytes()))
    if edited:
        make(photo, target, output)
    else:
        unedited(target, output)
    content = output.read_bytes()
    assert hidden[700:800] not in content
    assert text[1000:1100] not in content


def unedited(target: Path, output: Path) -> None:
    """Write a target as a processor leaves it that changes nothing."""
    options = VideoOptions()
    with (
        open_reader(target, options, print) as reader,
        open_writer(output, reader, options, force=False, warn=print) as writer,
    ):
        for frame in reader:
            writer.write(frame)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("key", ["Raw profile type exif", "Picture", "XML:com.adobe.xmp"])
def test_pictures_in_texts_of_a_png_are_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path, key: str, *, compressed: bool
) -> None:
    texts = PngInfo()
    hidden = jpeg(figure)
    text = hidden.hex() if key.startswith("Raw") else base64.b64encode(hidden).decode()
    texts.add_itxt(key, text, zip=compressed)
    texts.add_text("Author", "Ann")
    Image.fromarray(face).save(photo.with_name("in.png"), pnginfo=texts)
    make(photo, photo.with_name("in.png"), out / "x.png")
    with Image.open(out / "x.png") as image:
        image.load()
        assert not any(text[1400:1500] in str(value) for value in image.info.values())
        assert image.info["Author"] == "Ann"


def test_unknown_chunks_of_a_png_are_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path
) -> None:
    texts = PngInfo()
    texts.add(b"prVw", jpeg(figure), after_idat=True)
    Image.fromarray(face).save(photo.with_name("in.png"), pnginfo=texts)
    make(photo, photo.with_name("in.png"), out / "x.png")
    assert b"prVw" not in (out / "x.png").read_bytes()


def test_pages_and_previews_of_a_tiff_are_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path
) -> None:
    hidden = jpeg(figure)
    target = photo.with_name("in.tiff")
    pages = [Image.fromarray(figure)]
    info = {65000: hidden, 34377: b"8BIM" + hidden}
    Image.fromarray(face).save(target, save_all=True, append_images=pages, tiffinfo=info)
    result = make(photo, target, out / "x.tiff")
    assert any("2 pages" in warning for warning in result.warnings)
    assert hidden[700:800] not in (out / "x.tiff").read_bytes()
    with Image.open(out / "x.tiff") as image:
        assert getattr(image, "n_frames", 1) == 1


def test_what_follows_the_pixels_of_a_bmp_is_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path
) -> None:
    target = photo.with_name("in.bmp")
    Image.fromarray(face).save(target)
    target.write_bytes(target.read_bytes() + jpeg(figure))
    make(photo, target, out / "x.bmp")
    assert np.asarray(Image.open(out / "x.bmp")).shape == face.shape
    assert jpeg(figure)[700:800] not in (out / "x.bmp").read_bytes()


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_the_thumbnail_of_an_animation_is_left_out(
    photo: Path, face: Pixels, figure: Pixels, out: Path, suffix: str
) -> None:
    hidden = jpeg(figure)
    target = photo.with_name(f"in.{suffix}")
    frames = [Image.fromarray(face), Image.fromarray(face[:, ::-1])]
    frames[0].save(
        target, save_all=True, append_images=frames[1:], exif=exif_thumbnail(hidden), duration=80
    )
    make(photo, target, out / f"x.{suffix}")
    assert hidden[700:800] not in (out / f"x.{suffix}").read_bytes()


def test_shapes_that_subtitles_draw_are_left_out(photo: Path, video: Path, out: Path) -> None:
    lines = [r"{\p1}m 0 0 l 99 0 99 99 0 99{\p0}", r"{\clip(m 0 0 l 9 0 9 9)}O", "Good morning"]
    script = (
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    )
    for number, text in enumerate(lines):
        script += f"Dialogue: 0,0:00:00.{number}0,0:00:00.90,Default,{text}\n"
    video.with_name("in.ass").write_text(script)
    target = video.with_name("drawn.mkv")
    with (
        av.open(video) as film,
        av.open(video.with_name("in.ass")) as texts,
        av.open(target, "w") as output,
    ):
        copied = [
            (source.streams[0], output.add_stream_from_template(source.streams[0]))
            for source in (texts, film)
        ]
        for stream, new in copied:
            for packet in stream.container.demux(stream):
                if packet.dts is not None:
                    packet.stream = new
                    output.mux(packet)
    result = make(photo, target, out / "x.mkv")
    assert any("draws shapes" in warning for warning in result.warnings)
    content = (out / "x.mkv").read_bytes()
    assert b"m 0 0 l" not in content
    assert b"Good morning" in content
