"""The last frame is shown as long as in the target, whatever the containers."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import Flags

from roop.media.open import open_reader, open_writer
from roop.options import VideoOptions

VIDEO = VideoOptions()


def long_last_frame(path: Path) -> Path:
    """Write four frames, the last of which is shown for 2.5 of 4.5 seconds."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, time_base=Fraction(1, 1000))
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.flags |= Flags.frame_duration
        for number, (pts, length) in enumerate([(0, 500), (500, 500), (1000, 1000), (2000, 2500)]):
            picture = np.full((96, 128, 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base, frame.duration = pts, Fraction(1, 1000), length
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def passed(target: Path, output: Path) -> Path:
    with (
        open_reader(target, VIDEO, pytest.fail) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=pytest.fail) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return output


def seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


@pytest.mark.parametrize("first", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("second", [".mkv", ".mp4", ".mov"])
def test_the_last_frame_keeps_its_length(tmp_path: Path, first: str, second: str) -> None:
    target = long_last_frame(tmp_path / "a.mkv")
    assert seconds(target) == 4.5
    once = passed(target, tmp_path / f"b{first}")
    assert seconds(once) == 4.5
    assert seconds(passed(once, tmp_path / f"c{second}")) == 4.5
