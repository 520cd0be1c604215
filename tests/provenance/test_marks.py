"""Marks of outputs, read with C2PA's own reader, Pillow, FFmpeg and an XML parser."""

import json
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Settings
from support.outputs import SOURCE_TYPE, make, store

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
DC = "{http://purl.org/dc/elements/1.1/}"

PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'ext:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">'
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">By the sea</rdf:li></rdf:Alt>'
    "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def packet(path: Path) -> ElementTree.Element:
    content = path.read_bytes()
    assert content.count(b"<x:xmpmeta") == 1
    start, end = content.index(b"<x:xmpmeta"), content.index(b"</x:xmpmeta>")
    return ElementTree.fromstring(content[start : end + 12].decode())


def texts(xmp: ElementTree.Element, name: str) -> list[str]:
    return [(element.text or "").strip() for element in xmp.iter(name)]


def assert_signed(path: Path) -> None:
    state, content = store(path.read_bytes())
    assert state == "Valid"
    manifests = json.loads(content)["manifests"]
    assert len(manifests) == 1
    (manifest,) = manifests.values()
    assertions = {each["label"]: each for each in manifest["assertions"]}
    assertion = assertions.pop("c2pa.actions.v2")
    assert all(label.startswith("c2pa.hash.bmff") for label in assertions)
    (action,) = assertion["data"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == SOURCE_TYPE
    assert action["softwareAgent"]["name"] == "roop"
    assert action["parameters"] == {
        "org.roop.engine": "painter",
        "org.roop.models": list(embedded_models(ModelFolder(Settings()))),
    }
    assert "thumbnail" not in content
    assert "somebody" not in content


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tiff", "avif"])
def test_an_image_is_signed_and_has_a_statement(face: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"out.{suffix}"
    assert make(face, face, output).warnings == ()
    assert_signed(output)
    with Image.open(output) as image:
        image.load()
        assert image.size == (320, 320)
    if suffix != "avif":
        xmp = packet(output)
        assert texts(xmp, f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]
        assert texts(xmp, f"{IPTC}AISystemUsed") == ["roop"]
        assert any("AI MODIFIED" in text for text in texts(xmp, f"{RDF}li"))
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_pillow_reads_the_packet(face: Path, tmp_path: Path, suffix: str) -> None:
    make(face, face, tmp_path / f"out.{suffix}")
    with Image.open(tmp_path / f"out.{suffix}") as image:
        found = image.info["xmp"]
    text = found.decode() if isinstance(found, bytes) else found
    assert SOURCE_TYPE in text


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_the_targets_metadata_is_kept(face: Path, tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    exif = Image.Exif()
    exif[0x8298] = "somebody's copyright"
    with Image.open(face) as image:
        if suffix == "png":
            from PIL.PngImagePlugin import PngInfo

            info = PngInfo()
            info.add_itxt("XML:com.adobe.xmp", PACKET, zip=True)
            image.save(target, exif=exif, pnginfo=info)
        elif suffix == "tiff":
            image.save(target, exif=exif, tiffinfo={700: PACKET.encode()})
        else:
            image.save(target, exif=exif, xmp=PACKET.encode())
    make(face, target, output)
    assert_signed(output)
    xmp = packet(output)
    assert texts(xmp, f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]
    assert "digitalCapture" not in ElementTree.tostring(xmp, "unicode")
    assert texts(xmp, f"{RDF}li") == ["By the sea"]
    assert any("AI MODIFIED" in (element.text or "") for element in xmp.iter())
    ratings = [e.get("{http://ns.adobe.com/xap/1.0/}Rating") for e in xmp.iter()]
    assert [rating for rating in ratings if rating] == ["4"]
    if suffix != "tiff":
        with Image.open(output) as image:
            assert image.getexif()[0x8298] == "somebody's copyright"


@pytest.mark.parametrize(
    "body",
    [b"\0", b"\0\1\0\0\0no zlib", b"\0\1\0\0\0" + zlib.compress(b"x" * 900_000)[:-9]],
    ids=["cut", "garbage", "unfinished"],
)
def test_a_damaged_packet_is_replaced(face: Path, tmp_path: Path, body: bytes) -> None:
    content = b"iTXtXML:com.adobe.xmp" + body
    chunk = (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    plain = face.read_bytes()
    (tmp_path / "in.png").write_bytes(plain[:33] + chunk + plain[33:])  # after IHDR
    make(face, tmp_path / "in.png", tmp_path / "out.png")
    assert_signed(tmp_path / "out.png")
    assert texts(packet(tmp_path / "out.png"), f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]


@pytest.mark.parametrize("suffix", ["webp", "tiff"])
def test_a_packet_with_countless_open_elements_is_replaced(
    face: Path, tmp_path: Path, suffix: str
) -> None:
    """Searching the end of each of 120,000 elements would take minutes."""
    target, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    hostile = (
        b"<x:xmpmeta><rdf:RDF>" + b"<a:DigitalSourceType>" * 120_000 + b"</rdf:RDF></x:xmpmeta>"
    )
    with Image.open(face) as image:
        image.save(
            target, **({"tiffinfo": {700: hostile}} if suffix == "tiff" else {"xmp": hostile})
        )
    make(face, target, output)
    assert_signed(output)
    assert texts(packet(output), f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_an_animation_is_signed_and_keeps_its_frames(
    face: Path, tmp_path: Path, suffix: str
) -> None:
    target, output = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    with Image.open(face) as image:
        image.save(target, save_all=True, append_images=[image.rotate(2)], duration=80, loop=0)
    make(face, target, output)
    assert_signed(output)
    with Image.open(output) as image:
        frames = [frame.tobytes() for frame in ImageSequence.Iterator(image)]
    assert len(frames) == 2
    assert frames[0] != frames[1]
    assert texts(packet(output), f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "m4v", "avi", "mkv", "webm"])
def test_a_video_is_marked(face: Path, video: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"out.{suffix}"
    encoder = {"output_video_encoder": "libvpx-vp9"} if suffix == "webm" else {}
    make(face, video, output, video=encoder)
    with av.open(output) as container:
        tags = {key.lower(): text for key, text in container.metadata.items()}
        assert sum(1 for _ in container.decode(video=0)) == 12
    assert tags["comment"].startswith("AI MODIFIED: a face in it was replaced with roop ")
    assert tags["comment"].endswith(SOURCE_TYPE)
    if suffix in ("mp4", "mov", "m4v", "avi"):
        assert_signed(output)
    if suffix in ("mp4", "mov", "m4v"):
        assert texts(packet(output), f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_a_videos_own_tags_are_kept(face: Path, video: Path, tmp_path: Path) -> None:
    target, output = tmp_path / "in.mp4", tmp_path / "out.mp4"
    _remuxed(video, target, {"title": "At sea", "artist": "A. Sailor", "comment": "For Ann"})
    make(face, target, output)
    with av.open(output) as container:
        assert container.metadata["title"] == "At sea"
        assert container.metadata["artist"] == "A. Sailor"
        first, second = container.metadata["comment"].splitlines()
    assert first == "For Ann"
    assert second.startswith("AI MODIFIED")


def test_an_output_that_is_processed_again(face: Path, video: Path, tmp_path: Path) -> None:
    for target, name in ((video, "{}.mp4"), (face, "{}.png")):
        once, twice = tmp_path / name.format("once"), tmp_path / name.format("twice")
        make(face, target, once)
        make(face, once, twice)
        assert_signed(twice)
        assert texts(packet(twice), f"{IPTC}DigitalSourceType") == [SOURCE_TYPE]
        assert twice.read_bytes().count(b"\nAI MODIFIED") == 0


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "mp4"])
def test_two_runs_differ_only_in_the_signature(
    face: Path, video: Path, tmp_path: Path, suffix: str
) -> None:
    contents = []
    for name in ("one", "two"):
        output = tmp_path / name / f"out.{suffix}"
        output.parent.mkdir()
        make(face, video if suffix == "mp4" else face, output)
        contents.append(np.frombuffer(output.read_bytes(), np.uint8))
    assert len(contents[0]) == len(contents[1])
    (offsets,) = np.nonzero(contents[0] != contents[1])
    first = contents[0].tobytes().index(b"jumb")
    size = int.from_bytes(contents[0][first - 4 : first].tobytes(), "big")
    assert first < offsets.min()
    slack = size // 50  # GIF splits the store into blocks of 255 bytes
    assert offsets.max() < first + size + slack


def test_tags_survive_a_remux_that_strips_the_signature(
    face: Path, video: Path, tmp_path: Path
) -> None:
    make(face, video, tmp_path / "out.mp4")
    _remuxed(tmp_path / "out.mp4", tmp_path / "again.mkv", {})
    with av.open(tmp_path / "again.mkv") as container:
        assert SOURCE_TYPE in container.metadata["COMMENT"]


def test_a_format_without_marks_gets_the_label(face: Path, tmp_path: Path) -> None:
    (warning,) = make(face, face, tmp_path / "out.bmp").warnings
    assert warning.startswith("BMP files cannot carry marks")
    make(face, face, tmp_path / "labelled.png", label={"label": True})
    with Image.open(tmp_path / "out.bmp") as one, Image.open(tmp_path / "labelled.png") as other:
        assert (np.asarray(one.convert("RGB")) == np.asarray(other.convert("RGB"))).all()


def _remuxed(source: Path, output: Path, tags: dict[str, str]) -> None:
    """Copy all packets and the container's tags, as ``ffmpeg -c copy`` does."""
    with av.open(source) as reader, av.open(output, "w") as writer:
        writer.metadata.update(reader.metadata | tags)
        streams = {s.index: writer.add_stream_from_template(s) for s in reader.streams}
        for each in reader.demux():
            if each.dts is not None:
                each.stream = streams[each.stream_index]
                writer.mux(each)
