"""Whatever a target's XMP looks like, an output has one packet, and it says made with AI."""

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import av
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from roop.media.formats.jpeg.segments import segment_bytes
from roop.provenance.xmp import source_type
from roop.provenance.xmp_files import find_packet
from support.figures import Pixels
from support.outputs import SOURCE_TYPE, make

pytestmark = pytest.mark.slow

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FIELD = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def packet(inside: str, *, rdf: str = "rdf", before: str = "", after: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:a.b="{IPTC}" xmlns:i="{IPTC}">{before}'
        f'<{rdf}:RDF xmlns:{rdf}="{RDF}">{inside}</{rdf}:RDF>{after}</x:xmpmeta>'
    ).encode()


def claim(prefix: str, *, rdf: str = "rdf") -> str:
    return (
        f'<{rdf}:Description {rdf}:about=""><{prefix}:DigitalSourceType>{CAPTURE}'
        f"</{prefix}:DigitalSourceType></{rdf}:Description>"
    )


LONG = "".join(f'<rdf:li xmlns:n="urn:n" n:no="{n}">{"word " * 12}</rdf:li>' for n in range(900))
PACKETS = {
    "plain": packet(claim("i")),
    "prefix with a dot": packet(claim("a.b")),
    "other prefix of rdf": packet(claim("i", rdf="r-1"), rdf="r-1"),
    "as a resource": packet(
        '<rdf:Description rdf:about=""><i:DigitalSourceType rdf:resource='
        f'"{CAPTURE}"/></rdf:Description>'
    ),
    "as an attribute": packet(f"<rdf:Description a.b:DigitalSourceType='{CAPTURE}'/>"),
    "end in a comment": packet(claim("i"), after="<!-- </rdf:RDF> -->"),
    "end in an attribute": packet('<rdf:Description i:No="&lt;/rdf:RDF>"/>' + claim("i")),
    "in cdata": packet(
        f'<rdf:Description><i:DigitalSourceType><![CDATA[{CAPTURE}]]></i:DigitalSourceType>'
        "</rdf:Description>"
    ),
    "written as characters": packet(
        "<rdf:Description><i:DigitalSourceType>http://cv.iptc.org/newscodes/digit"
        "&#97;lsourcetype/digitalCapture</i:DigitalSourceType></rdf:Description>"
    ),
    "two descriptions": packet(claim("i") + claim("a.b")),
    "two of rdf": packet(claim("i"), after=packet(claim("i")).decode()),
    "65 kB": packet(
        '<rdf:Description xmlns:n="urn:n"><n:List><rdf:Seq>' + LONG + "</rdf:Seq></n:List>"
        "</rdf:Description>" + claim("i")
    ),
    "not closed": packet(claim("i"))[:-9],
    "with a doctype": b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + packet(claim("i")),
    "deep": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 9000 + b"</a>" * 9000
    + b"</x:xmpmeta>",
    "utf-16": packet(claim("i")).decode().encode("utf-16"),
}  # fmt: skip


def assert_one_statement(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b"xmpmeta xmlns") == 1
    assert b"digitalCapture" not in content
    found = find_packet(path)
    assert source_type(found) == SOURCE_TYPE
    root = ElementTree.fromstring(found)
    assert [element.text for element in root.iter(FIELD)] == [SOURCE_TYPE]


def assert_readers_agree(path: Path) -> None:
    if path.suffix != ".gif":
        with Image.open(path) as image:
            image.load()
            seen = image.info["xmp"]
        assert SOURCE_TYPE in (seen.decode() if isinstance(seen, bytes) else seen)
    if tool := shutil.which("exiftool"):
        done = subprocess.run(
            [tool, "-n", "-a", "-s3", "-XMP:DigitalSourceType", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [SOURCE_TYPE]


def with_packet(face: Pixels, path: Path, content: bytes) -> None:
    image = Image.fromarray(face)
    if path.suffix == ".png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", content.decode("utf-8", "replace"))
        image.save(path, pnginfo=texts)
    elif path.suffix == ".tiff":
        image.save(path, tiffinfo={700: content})
    elif path.suffix == ".gif":
        image.save(path)
        data = path.read_bytes()
        at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
        trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
        block = b"!\xff\x0bXMP DataXMP" + content + trailer
        path.write_bytes(data[:at] + block + block + data[at:])
    elif path.suffix == ".jpg" and len(content) <= 65_000:
        image.save(path)
        data = path.read_bytes()
        body = b"http://ns.adobe.com/xap/1.0/\0" + content
        path.write_bytes(data[:2] + segment_bytes(0xE1, body) * 2 + data[2:])
    elif path.suffix != ".jpg":
        image.save(path, xmp=content)


@pytest.mark.parametrize("name", PACKETS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "gif"])
def test_a_targets_packet(photo: Path, face: Pixels, out: Path, suffix: str, name: str) -> None:
    target = photo.with_name(f"in.{suffix}")
    with_packet(face, target, PACKETS[name])
    if target.exists():
        make(photo, target, out / f"x.{suffix}")
        assert_one_statement(out / f"x.{suffix}")
        assert_readers_agree(out / f"x.{suffix}")


def test_a_packet_that_is_too_long_for_jpeg(photo: Path, face: Pixels, out: Path) -> None:
    size = 65_000 - len(packet(""))
    words = f'<rdf:Description xmlns:n="urn:n" n:words="{"w" * (size - 120)}"/>'
    with_packet(face, photo.with_name("in.jpg"), packet(words))
    result = make(photo, photo.with_name("in.jpg"), out / "x.jpg")
    assert any("XMP" in warning for warning in result.warnings)
    assert_one_statement(out / "x.jpg")
    assert_readers_agree(out / "x.jpg")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("key", ["Raw profile type xmp", "Comment", "XML:com.adobe.xmp"])
def test_text_chunks_of_a_png(
    photo: Path, face: Pixels, out: Path, key: str, *, zipped: bool
) -> None:
    texts = PngInfo()
    text = PACKETS["plain"].decode()
    raw = f"\nxmp\n{len(text):8}\n{PACKETS['plain'].hex()}\n"
    texts.add_text(key, raw if key.startswith("Raw") else text, zip=zipped)
    texts.add_itxt(key, text, zip=zipped)
    texts.add_text("Author", "Ann")
    Image.fromarray(face).save(photo.with_name("in.png"), pnginfo=texts)
    make(photo, photo.with_name("in.png"), out / "x.png")
    assert_one_statement(out / "x.png")
    with Image.open(out / "x.png") as image:
        image.load()
        assert image.info["Author"] == "Ann"
        assert "Raw profile type xmp" not in image.info


@pytest.mark.parametrize("marker", [0xFE, 0xED, 0xE5])
def test_other_segments_of_a_jpeg(photo: Path, face: Pixels, out: Path, marker: int) -> None:
    photo.with_name("in.jpg")
    Image.fromarray(face).save(photo.with_name("in.jpg"))
    data = photo.with_name("in.jpg").read_bytes()
    content = PACKETS["plain"]
    body = {
        0xFE: content,
        0xED: b"Photoshop 3.0\x008BIM\x04\x24\0\0" + len(content).to_bytes(4, "big") + content,
        0xE5: b"http://ns.adobe.com/xap/1.0/\0" + content,
    }[marker]
    photo.with_name("in.jpg").write_bytes(data[:2] + segment_bytes(marker, body) + data[2:])
    make(photo, photo.with_name("in.jpg"), out / "x.jpg")
    assert_one_statement(out / "x.jpg")


def test_avif_does_not_keep_the_claim(photo: Path, face: Pixels, out: Path) -> None:
    Image.fromarray(face).save(photo.with_name("in.avif"), xmp=PACKETS["plain"])
    make(photo, photo.with_name("in.avif"), out / "x.avif")
    assert b"digitalCapture" not in (out / "x.avif").read_bytes()


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_tags_of_a_video_do_not_keep_the_claim(
    photo: Path, video: Path, out: Path, suffix: str
) -> None:
    target = video.with_name(f"claim.{suffix}")
    with av.open(video) as source, av.open(target, "w") as output:
        output.metadata.update({"comment": f"For Ann\n{CAPTURE}", "description": CAPTURE})
        copied = output.add_stream_from_template(source.streams.video[0])
        for each in source.demux(video=0):
            if each.dts is not None:
                each.stream = copied
                output.mux(each)
    make(photo, target, out / f"x.{suffix}")
    with av.open(out / f"x.{suffix}") as container:
        tags = {key.lower(): text for key, text in container.metadata.items()}
    assert "digitalCapture" not in str(tags)
    assert tags["comment"].startswith("For Ann\nAI MODIFIED")
