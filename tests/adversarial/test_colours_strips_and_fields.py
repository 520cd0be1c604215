"""Point 3: colour profiles, gamma, HDR pictures, long strips and fields show what is judged."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from roop.errors import RefusedError
from support.figures import Pixels
from support.outputs import make


def refused(photo: Path, target: Path, out: Path) -> bool:
    try:
        make(photo, target, out / f"x{target.suffix}")
    except RefusedError:
        return True
    return False


def beside(face: Pixels, picture: Pixels) -> Pixels:
    """Return a face as it is, so that there is one, and a picture."""
    return np.ascontiguousarray(np.hstack((face, picture)))


def profile(light: Callable[[np.ndarray], np.ndarray]) -> bytes:
    """Return sRGB with another curve, which makes light (0..1) of stored values."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (count,) = struct.unpack_from(">I", plain, 128)
    rows = [struct.unpack_from(">4sII", plain, 132 + 12 * number) for number in range(count)]
    tags = {name: plain[at : at + size] for name, at, size in rows}
    values = np.rint(65535 * light(np.linspace(0, 1, 1024))).astype(">u2").tobytes()
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + values
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    whole = plain[:128] + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def faint(figure: Pixels) -> Pixels:
    return np.rint(255 * (figure / 255.0) ** 0.12).astype(np.uint8)


def with_chunk(pixels: Pixels, path: Path, name: bytes, body: bytes) -> Path:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    data = stream.getvalue()
    chunk = struct.pack(">I", len(body)) + name + body
    chunk += struct.pack(">I", zlib.crc32(name + body))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_negative_whose_profile_turns_it_back(
    photo: Path, face: Pixels, figure: Pixels, out: Path, suffix: str
) -> None:
    target = photo.with_name(f"in.{suffix}")
    icc = profile(lambda stored: (1 - stored) ** 2.2)
    Image.fromarray(beside(face, 255 - figure)).save(target, icc_profile=icc, quality=95)
    assert refused(photo, target, out)
    Image.fromarray(beside(face, 255 - figure)).save(target, quality=95)
    assert not refused(photo, target, out)


def test_an_animation_with_a_profile(photo: Path, face: Pixels, figure: Pixels, out: Path) -> None:
    icc = profile(lambda stored: (1 - stored) ** 2.2)
    frames = [Image.fromarray(beside(face, 255 - figure)), Image.fromarray(beside(face, face))]
    options = {"append_images": frames[1:], "duration": 100, "lossless": True}
    frames[0].save(photo.with_name("in.webp"), save_all=True, icc_profile=icc, **options)
    assert refused(photo, photo.with_name("in.webp"), out)


def test_gamma_of_a_png(photo: Path, face: Pixels, figure: Pixels, out: Path) -> None:
    gamma = struct.pack(">I", round(100_000 / 2.2 * 0.12))
    pixels, target = beside(face, faint(figure)), photo.with_name("in.png")
    assert refused(photo, with_chunk(pixels, target, b"gAMA", gamma), out)


def test_hdr_in_a_png(photo: Path, face: Pixels, figure: Pixels, out: Path) -> None:
    power = ((figure / 255) ** 2.2 * 203 / 10_000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    pixels, target = beside(face, np.rint(255 * code).astype(np.uint8)), photo.with_name("in.png")
    assert refused(photo, with_chunk(pixels, target, b"cICP", bytes([1, 16, 0, 1])), out)


@pytest.mark.parametrize("length", [3, 8])
@pytest.mark.parametrize("upright", [False, True])
def test_a_strip(
    photo: Path, face: Pixels, figure: Pixels, out: Path, length: int, *, upright: bool
) -> None:
    strip = np.full((320 * length, 320, 3), 128, np.uint8)
    strip[:320], strip[-400:-80] = face, figure
    if not upright:
        strip = np.hstack([strip[320 * row : 320 * (row + 1)] for row in range(length)])
    Image.fromarray(strip).save(photo.with_name("in.png"))
    assert refused(photo, photo.with_name("in.png"), out)


def test_one_field_of_a_video(photo: Path, face: Pixels, figure: Pixels, out: Path) -> None:
    both = face.copy()
    both[1::2] = figure[1::2]
    target = photo.with_name("in.mp4")
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "yuv420p"
        stream.options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(both, "rgb24")))
        container.mux(stream.encode(None))
    assert refused(photo, target, out)


@pytest.mark.parametrize("background", [64, 128, 191])
def test_a_pattern_in_the_opacity_that_one_background_cancels(
    photo: Path, face: Pixels, figure: Pixels, out: Path, background: int
) -> None:
    light, share = figure.astype(float), background / 255
    room = np.minimum(light / share, (255 - light) / (1 - share)).min(axis=2)
    chance = np.random.default_rng(0).integers(0, 2, (20, 20))
    pattern = room * np.kron(chance, np.ones((16, 16)))
    opacity = 255 - pattern
    colours = (light - share * pattern[..., np.newaxis]) * 255 / opacity[..., np.newaxis]
    hidden = np.dstack((colours.clip(0, 255), opacity)).round().astype(np.uint8)
    opaque = np.dstack((face, np.full((320, 320), 255, np.uint8)))
    Image.fromarray(np.hstack((opaque, hidden))).save(photo.with_name("in.png"))
    assert refused(photo, photo.with_name("in.png"), out)


def test_what_is_below_a_distant_face(photo: Path, face: Pixels, figure: Pixels, out: Path) -> None:
    scene = np.full((1440, 1920, 3), 120, np.uint8)
    scene[60:300, 560:800] = cv2.resize(face, (240, 240), interpolation=cv2.INTER_AREA)
    scene[270:630, 500:860] = cv2.resize(figure, (360, 360), interpolation=cv2.INTER_AREA)
    Image.fromarray(scene).save(photo.with_name("in.png"))
    assert refused(photo, photo.with_name("in.png"), out)
