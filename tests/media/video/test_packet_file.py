"""Stretches encoded apart and joined: packets and times are those of one stream."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from roop.errors import MediaError
from roop.media.files.output_file import OutputFile
from roop.media.video.output import VideoOutput
from roop.media.video.packet_file import decoding_times, join_packets
from roop.media.video.packet_times import packet_times
from roop.media.video.reader import VideoReader
from roop.media.video.segment_writer import SegmentWriter
from roop.media.video.timeline import TimeRange
from roop.media.video.writer import VideoWriter
from roop.options import VideoOptions
from support.clips import Clip, planes, times

UNEVEN = tuple(40 * n + (17 * n) % 31 for n in range(60))
"""Milliseconds."""


@pytest.mark.parametrize("frames", ["even", "uneven"])
def test_decoding_times_are_those_that_x264_chose(tmp_path: Path, frames: str) -> None:
    shown = UNEVEN if frames == "uneven" else tuple(range(0, 2400, 40))
    options = {"preset": "medium", "bf": "3", "b-pyramid": "none"}
    path = Clip(times=shown, time_base=Fraction(1, 1000), options=options).write(tmp_path / "c.mp4")
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert [p.pts for p in packets] != sorted(p.pts or 0 for p in packets)
    made = decoding_times([p.pts or 0 for p in packets])
    assert made == [p.dts for p in packets]


def test_decoding_times_never_go_back_nor_come_too_late() -> None:
    shown = [0, 900, 300, 100, 600, 901, 905, 902, 5000, 4000]
    made = decoding_times(shown)
    assert made == sorted(set(made))
    assert all(dts <= pts for dts, pts in zip(made, shown, strict=True))


def cut(path: Path) -> list[TimeRange]:
    """Return two segments that meet four frames after the second keyframe."""
    found = packet_times(path)
    assert found is not None
    key = found.keyframes[1]
    at = found.presented[found.presented.index(key) + 4] * found.time_base
    return [TimeRange(None, None, at), TimeRange(key * found.time_base, at, None)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
@pytest.mark.parametrize("fps", [None, 10.0, 60.0])
def test_two_segments_join_into_one_video(tmp_path: Path, suffix: str, fps: float | None) -> None:
    options = {"preset": "fast", "crf": "10", "g": "20", "sc_threshold": "0"}
    clip = Clip(times=UNEVEN, time_base=Fraction(1, 1000), options=options)
    target = clip.write(tmp_path / "t.mp4")
    video = VideoOptions(output_video_quality=0, fps=fps)
    warnings: list[str] = []
    output = tmp_path / f"o{suffix}"
    parts = [tmp_path / f"{number}.packets" for number in range(2)]
    for part, time_range in zip(parts, cut(target), strict=True):
        with (
            VideoReader(target, video, warnings.append, time_range=time_range) as reader,
            SegmentWriter(part, reader, video, output=output, warn=warnings.append) as writer,
        ):
            for frame in reader:
                if reader.seconds_to_start(frame):
                    writer.skip(frame)
                else:
                    writer.write(frame)
    with VideoReader(target, video, warnings.append) as reader:
        file = OutputFile(output, force=False)
        with VideoOutput(file, reader, video, note="", warn=warnings.append) as made:
            made.mux(join_packets(parts, made.encoder))
    whole = tmp_path / f"whole{suffix}"
    with (
        VideoReader(target, video, warnings.append) as reader,
        VideoWriter(whole, reader, video, force=False, warn=warnings.append) as straight,
    ):
        for frame in reader:
            straight.write(frame)
    assert times(output) == times(whole)
    for one, two in zip(pictures(output), pictures(whole), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))  # without loss


def pictures(path: Path) -> list[list[NDArray[np.uint8]]]:
    with av.open(str(path)) as container:
        return [planes(frame) for frame in container.decode(video=0)]


def test_a_damaged_file_of_packets_is_an_error(tmp_path: Path) -> None:
    target = Clip().write(tmp_path / "t.mp4")
    part = tmp_path / "0.packets"
    video = VideoOptions()
    with VideoReader(target, video, print) as reader:
        with SegmentWriter(part, reader, video, output=Path("o.mp4"), warn=print) as writer:
            for frame in reader:
                writer.write(frame)
        part.write_bytes(part.read_bytes()[:-10])
        file = OutputFile(tmp_path / "o.mp4", force=False)
        with (
            pytest.raises(MediaError, match="damaged"),
            VideoOutput(file, reader, video, note="", warn=print) as output,
        ):
            output.mux(join_packets([part], output.encoder))
    assert not (tmp_path / "o.mp4").exists()


def test_a_clock_that_goes_back_is_not_read_from_the_middle(tmp_path: Path) -> None:
    assert packet_times(Clip().write(tmp_path / "t.mp4")) is not None
    raw = tmp_path / "t.h264"
    with av.open(str(tmp_path / "t.mp4")) as source, av.open(str(raw), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert packet_times(raw) is None
