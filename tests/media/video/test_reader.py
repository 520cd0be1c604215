"""Frames, times and refusals of the video reader."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from roop.errors import MediaError, UsageError
from roop.media.video.reader import VideoReader
from roop.media.video.timeline import TimeRange
from roop.options import VideoOptions
from support.clips import Clip, damaged, pattern, planes, times

VARIABLE = (0, 3000, 4000, 9000, 9500, 21000, 22000, 30000, 41000, 42001)


def read(path: Path, **options: object) -> tuple[list[Fraction], VideoReader, list[str]]:
    warnings: list[str] = []
    with VideoReader(path, VideoOptions.model_validate(options), warnings.append) as reader:
        return [frame.pts * frame.time_base for frame in reader], reader, warnings


@pytest.mark.parametrize(
    "clip",
    [
        Clip(),
        Clip(times=VARIABLE, time_base=Fraction(1, 90_000)),
        Clip(times=range(0, 30 * 1001, 1001), time_base=Fraction(1, 30_000)),
        Clip(times=range(500, 520), time_base=Fraction(1, 25)),
        Clip(codec="libx265", options={"x265-params": "log-level=none", "preset": "ultrafast"}),
    ],
    ids=["constant", "variable", "ntsc", "late", "hevc"],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_frame_comes_at_its_own_time(tmp_path: Path, clip: Clip, suffix: str) -> None:
    path = clip.write(tmp_path / f"clip{suffix}")
    found, reader, warnings = read(path)
    assert found == times(path)
    assert len(found) == len(clip.times)
    assert reader.damaged == 0
    assert warnings == []


def test_the_planes_are_the_decoders(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "clip.mp4")
    with (
        av.open(str(path)) as plain,
        VideoReader(path, VideoOptions(), print) as reader,
    ):
        for raw, frame in zip(plain.decode(video=0), reader, strict=True):
            for one, other in zip(planes(raw), planes(frame.raw), strict=True):
                assert np.array_equal(one[:, : raw.width], other[:, : raw.width])


def test_the_target_is_described(tmp_path: Path) -> None:
    path = Clip(rotation=90, sound=("eng",)).write(tmp_path / "clip.mp4")
    with VideoReader(path, VideoOptions(), print) as reader:
        info = reader.info
    assert (info.kind, info.size, info.frames) == ("video", (96, 128), 20)
    assert (info.codec, info.pixel_format) == ("h264", "yuv420p")
    assert (info.fps, info.duration_s) == (25, 0.8)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_turned_videos_are_upright(tmp_path: Path, degrees: int, flipped: bool) -> None:
    path = Clip(rotation=degrees, flipped=flipped).write(tmp_path / "clip.mp4")
    with VideoReader(path, VideoOptions(), print) as reader:
        frame = next(iter(reader))
    # FFmpeg's degrees turn against the clock, then mirror.
    expected = np.rot90(pattern(128, 96, 0), degrees // 90)
    expected = expected[:, ::-1] if flipped else expected
    shown = frame.thumbnail(128)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 6


@pytest.mark.parametrize(
    ("start", "end", "first", "count"), [(0.2, None, 5, 15), (None, 0.4, 0, 10), (0.21, 0.5, 6, 7)]
)
def test_a_trim_is_exact(
    tmp_path: Path, start: float | None, end: float | None, first: int, count: int
) -> None:
    options = {"preset": "ultrafast", "g": "4"}
    path = Clip(options=options).write(tmp_path / "clip.mp4")
    found, reader, _ = read(path, start=start, end=end)
    assert found == times(path)[first : first + count]
    assert reader.info.frames == count or abs((reader.info.frames or 0) - count) <= 1


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "libvpx-vp9"])
def test_a_time_range_and_the_frames_before_it_are_exact(tmp_path: Path, codec: str) -> None:
    options = {"preset": "fast", "bf": "3", "g": "40", "sc_threshold": "0", "deadline": "realtime"}
    target = Clip(times=range(80), codec=codec, options=options).write(tmp_path / "t.mkv")
    with av.open(str(target)) as container:
        whole = {frame.time: frame.to_ndarray() for frame in container.decode(video=0)}
    time_range = TimeRange(Fraction(40, 25), Fraction(70, 25), None)
    before, inside = [], []
    with VideoReader(target, VideoOptions(), print, time_range=time_range) as reader:
        for frame in reader:
            left = reader.seconds_to_start(frame)
            time = Fraction(frame.pts) * frame.time_base
            assert left == max(0, time_range.start - time) if time_range.start else 0
            (before if left else inside).append(time)
            assert np.array_equal(frame.raw.to_ndarray(), whole[float(time)])
    assert inside == [Fraction(n, 25) for n in range(70, 80)]
    assert before[-12:] == [Fraction(n, 25) for n in range(58, 70)]
    if codec == "libx264":
        assert len(before) < 30  # what no other frame needs was not decoded


def test_a_trim_counts_from_where_the_file_begins(tmp_path: Path) -> None:
    path = Clip(times=range(250, 270)).write(tmp_path / "late.ts")
    found, _, _ = read(path, start=0.4, end=0.6)
    assert found == times(path)[10:15]


def test_a_trim_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "clip.mp4")
    with pytest.raises(UsageError, match="no frame between start and end"):
        read(path, start=5)


@pytest.mark.parametrize(("fps", "count"), [(12.5, 10), (50, 40), (25, 20), (5, 4), (30, 24)])
def test_frames_are_resampled(tmp_path: Path, fps: float, count: int) -> None:
    path = Clip().write(tmp_path / "clip.mkv")
    with VideoReader(path, VideoOptions(fps=fps), print) as reader:
        assert reader.info.frames == count
        shown = [frame.pts + n for frame in reader for n in range(frame.repeats)]
    assert shown == list(range(count))


def test_29_97_means_30000_1001(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "clip.mp4")
    with VideoReader(path, VideoOptions(fps=29.97), print) as reader:
        assert reader.info.fps == Fraction(30_000, 1001)


def test_a_garbage_packet_costs_only_its_frames(tmp_path: Path) -> None:
    def spoil(content: bytearray, places: list[tuple[int, int]]) -> None:
        position, size = places[30]
        content[position : position + size] = random.Random(5).randbytes(size)

    options = {"preset": "ultrafast", "g": "10", "bf": "0"}
    whole = Clip(times=range(60), options=options).write(tmp_path / "whole.mp4")
    found, reader, _ = read(damaged(whole, tmp_path / "spoiled.mp4", spoil))
    assert reader.damaged >= 1
    assert set(found) <= set(times(whole))
    assert 45 <= len(found) < 60


def test_a_truncated_file_gives_what_is_there(tmp_path: Path) -> None:
    def cut(content: bytearray, places: list[tuple[int, int]]) -> None:
        del content[places[40][0] :]

    options = {"movflags": "faststart"}
    whole = Clip(times=range(60), container_options=options).write(tmp_path / "whole.mp4")
    path = damaged(whole, tmp_path / "cut.mp4", cut)
    found, _, _ = read(path)
    assert 30 <= len(found) <= 41
    assert found == times(whole)[: len(found)]


def test_a_file_without_its_index_is_refused(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "whole.mp4")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MediaError, match="cannot be read as a video"):
        read(path)


def test_a_video_of_garbage_is_refused(tmp_path: Path) -> None:
    def spoil(content: bytearray, places: list[tuple[int, int]]) -> None:
        for position, size in places:
            content[position : position + size] = random.Random(position).randbytes(size)

    whole = Clip(times=range(150)).write(tmp_path / "whole.mp4")
    with pytest.raises(MediaError, match=r"cannot be decoded|can be decoded"):
        read(damaged(whole, tmp_path / "spoiled.mp4", spoil))


def test_many_damaged_packets_in_a_row_end_the_reading(tmp_path: Path) -> None:
    def spoil(content: bytearray, places: list[tuple[int, int]]) -> None:
        for position, size in places[5:]:
            content[position : position + size] = b"\xff" * size

    options = {"preset": "ultrafast", "bf": "0"}
    whole = Clip(times=range(150), options=options).write(tmp_path / "whole.mp4")
    with pytest.raises(MediaError, match="in a row"):
        read(damaged(whole, tmp_path / "spoiled.mp4", spoil))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"This is no video, but a letter to a friend.\n" * 50, "cannot be read"),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.ts\n", "."),
        ("concat.mp4", b"ffconcat version 1.0\nfile other.mp4\n", "."),
        ("noise.mp4", random.Random(1).randbytes(5000), "."),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    Clip().write(tmp_path / "other.mp4")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=words) as caught:
        read(path)
    assert name in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_folders_missing_and_special_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(MediaError, match="does not exist"):
        read(tmp_path / "missing.mp4")
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(MediaError, match="not a regular file"):
        read(pipe)


def test_sound_with_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as output:
        track = output.add_stream("aac", rate=44_100)
        cover = output.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame(32, 32, "yuvj420p")
        picture.pts = 0
        output.mux([*cover.encode(picture), *cover.encode(None)])
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp", "stereo")
        silence.sample_rate = 44_100
        output.mux([*track.encode(silence), *track.encode(None)])
    with pytest.raises(MediaError, match="no video"):
        read(path)


def test_a_change_of_the_frame_size_is_refused(tmp_path: Path) -> None:
    first = Clip(size=(128, 96)).write(tmp_path / "first.ts").read_bytes()
    second = Clip(size=(160, 96), times=range(20, 40)).write(tmp_path / "second.ts").read_bytes()
    path = tmp_path / "both.ts"
    path.write_bytes(first + second)
    with pytest.raises(MediaError, match="changes from 128x96 to 160x96"):
        read(path)
