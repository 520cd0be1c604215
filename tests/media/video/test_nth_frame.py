"""A frame that is sought by its number is the one that decoding from the start comes to."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from roop.media.video.nth_frame import read_nth_frame
from roop.types import Box

WAIT = (40, 30, 60, 50)
"""Milliseconds between two frames: the rate is not constant."""

COUNT = 48

WHOLE = Box(0, 0, 128, 96)

OPEN = {"g": "12", "bf": "2", "x264-params": "open-gop=1:scenecut=0", "preset": "veryfast"}


def written(path: Path, codec: str, options: dict[str, str], *, steady: bool = False) -> Path:
    """Write a film in which a bar walks over noise."""
    base, random = Fraction(1, 1000), np.random.default_rng(3)
    noise = random.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        if not steady:
            stream.codec_context.time_base = base
        for number in range(COUNT):
            pixels = np.roll(noise, number, axis=1)
            pixels[:, 2 * number : 2 * number + 12] = 255
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            since = sum(WAIT[i % 4] for i in range(number))
            frame.pts, frame.time_base = (number, Fraction(1, 25)) if steady else (since, base)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "options", "steady"),
    [
        ("closed.mp4", "libx264", {"g": "12", "bf": "3", "preset": "veryfast"}, False),
        ("open.mp4", "libx264", OPEN, False),
        ("open.mkv", "libx264", OPEN, False),
        ("open.ts", "libx264", OPEN, False),
        ("vp9.webm", "libvpx-vp9", {"g": "12", "deadline": "realtime", "cpu-used": "8"}, False),
        ("mpeg2.mpg", "mpeg2video", {"g": "12", "bf": "2"}, True),
        ("simple.avi", "mpeg4", {"g": "12"}, True),
    ],
)
def test_it_is_the_frame_that_decoding_comes_to(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], steady: bool
) -> None:
    path = written(tmp_path / name, codec, options, steady=steady)
    with av.open(str(path)) as container:
        planes = [np.asarray(frame.to_ndarray()) for frame in container.decode(video=0)]
    found = 0
    for number in (0, 11, 12, 13, 30, len(planes) - 1):
        frame = read_nth_frame(path, number, lambda sentence: None)
        if frame is not None:
            found += 1
            assert np.array_equal(frame.lightness(WHOLE), planes[number][:96]), number
    assert found == 6 or not name.endswith((".mp4", ".mkv", ".ts"))
    assert read_nth_frame(path, len(planes), lambda sentence: None) is None
