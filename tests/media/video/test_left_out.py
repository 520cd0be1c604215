"""Transparency and scene-by-scene HDR metadata are kept, or a warning says that they go."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from roop.media.open import open_reader, open_writer
from roop.options import VideoOptions
from support.clips import Clip

VIDEO = VideoOptions()


def passed(target: Path, output: Path) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return warnings


def transparent(path: Path, codec: str, pixel_format: str) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixel_format
        for number in range(5):
            picture = np.full((96, 128, 4), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgba").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mov", "qtrle", "argb"),
        ("a.mkv", "ffv1", "yuva420p"),
        ("a.webm", "libvpx-vp9", "yuva420p"),
    ],
)
def test_transparency_that_goes_is_said(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    target = transparent(tmp_path / name, codec, pixel_format)
    warnings = passed(target, tmp_path / "o.mp4")
    assert sum("transparency" in warning for warning in warnings) == 1


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "output"),
    [
        ("a.webm", "libvpx-vp9", "yuva420p", "o.webm"),
        ("a.webm", "libvpx-vp9", "yuva420p", "o.mkv"),
        ("a.mov", "prores_ks", "yuva444p10le", "o.mov"),
        ("a.mov", "qtrle", "argb", "o.mov"),
        ("a.mkv", "ffv1", "yuva420p", "o.mkv"),
    ],
)
def test_transparency_stays_in_every_container_that_holds_it(
    tmp_path: Path, name: str, codec: str, pixel_format: str, output: str
) -> None:
    target = transparent(tmp_path / name, codec, pixel_format)
    warnings = passed(target, tmp_path / output)
    assert not any("transparency" in warning for warning in warnings)
    with open_reader(tmp_path / output, VIDEO, pytest.fail) as reader:
        shown = [frame.opacity(1) for frame in reader]
    assert [int(part[0, 0]) for part in shown if part is not None] == pytest.approx(
        [0, 40, 80, 120, 160], abs=2
    )


def test_a_chosen_encoder_without_transparency_says_so(tmp_path: Path) -> None:
    target = transparent(tmp_path / "a.mkv", "ffv1", "yuva420p")
    warnings: list[str] = []
    video = VideoOptions(output_video_encoder="libx265")
    with (
        open_reader(target, video, warnings.append) as reader,
        open_writer(tmp_path / "o.mkv", reader, video, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    assert any("no transparency" in warning for warning in warnings)


def test_transparency_stays_where_it_can(tmp_path: Path) -> None:
    target = transparent(tmp_path / "a.mkv", "ffv1", "yuva420p")
    output = tmp_path / "o.webm"
    assert passed(target, output) == []
    with av.open(str(output)) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"


def hdr10_plus() -> bytes:
    """Return an H.265 message with HDR10+ metadata of one window (SMPTE ST 2094-40)."""
    fields = [(1, 2), (1000, 27), (0, 1), *[(9000, 17)] * 3, (500, 17), (0, 4), (0, 10)]
    bits = "".join(f"{value:0{width}b}" for value, width in [*fields, (0, 1), (0, 1), (0, 1)])
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    content = int(bits, 2).to_bytes(len(bits) // 8, "big")
    body = b"\xb5\0\x3c\0\1\4\1" + content
    escaped = body.replace(b"\0\0", b"\0\0\x03") if b"\0\0" in body else body
    return b"\0\0\0\1\x4e\1\4" + bytes([len(body)]) + escaped + b"\x80"


def test_hdr10_plus_that_goes_is_said(tmp_path: Path) -> None:
    clip = Clip(
        codec="libx265", pixel_format="yuv420p10le", options={"x265-params": "log-level=none"}
    )
    plain = clip.write(tmp_path / "plain.mkv")
    target = tmp_path / "a.ts"
    with av.open(str(plain)) as source, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                size = len(hdr10_plus()) - 4
                message = size.to_bytes(4, "big") + hdr10_plus()[4:]
                new = av.Packet(message + bytes(packet))
                new.pts, new.dts, new.time_base = packet.pts, packet.dts, packet.time_base
                new.is_keyframe, new.stream = packet.is_keyframe, stream
                output.mux(new)
    warnings = passed(target, tmp_path / "o.mp4")
    assert any("HDR10+" in warning for warning in warnings)


def test_the_transparency_of_h265_is_said_to_go(tmp_path: Path) -> None:
    options = {"x265-params": "log-level=none"}
    clip = Clip(codec="libx265", options=options, aspect=Fraction(4, 3))
    target = clip.write(tmp_path / "a.mov")
    data = target.read_bytes().replace(b"hev1", b"hvc1")
    assert b"pasp" in data
    target.write_bytes(data.replace(b"pasp", b"almo"))
    assert any("transparency" in line for line in passed(target, tmp_path / "o.mov"))
