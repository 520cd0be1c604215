"""What a film says about its colours, streams and times is kept, or a warning names it."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from roop.media.frames.display import MASTERING, mastering_of
from roop.media.open import open_reader, open_writer
from roop.media.video.chroma_siting import chroma_siting
from roop.options import VideoOptions
from support.clips import Clip, with_subtitles

VIDEO = VideoOptions()


def passed(target: Path, output: Path, video: VideoOptions = VIDEO) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, video, warnings.append) as reader,
        open_writer(output, reader, video, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return warnings


def shown(path: Path) -> tuple[VideoStream, av.VideoFrame]:
    container = av.open(str(path))
    return container.streams.video[0], next(container.decode(video=0))


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_a_limited_range_stays_where_nothing_else_is_said(tmp_path: Path, encoder: str) -> None:
    target, output = Clip(codec="libvpx-vp9", options={}).write(tmp_path / "a.webm"), "o.mp4"
    assert int(shown(target)[1].color_range) == 1
    assert passed(target, tmp_path / output, VideoOptions(output_video_encoder=encoder)) == []
    frame = shown(tmp_path / output)[1]
    colours = (frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace)
    assert tuple(map(int, colours)) == (1, 2, 2, 2)


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_the_chroma_location_stays(tmp_path: Path, encoder: str) -> None:
    options = {"preset": "ultrafast", "chroma_sample_location": "topleft"}
    target, output = Clip(options=options).write(tmp_path / "a.mp4"), tmp_path / "o.mp4"
    assert chroma_siting(shown(target)[0]) == "topleft"
    assert passed(target, output, VideoOptions(output_video_encoder=encoder)) == []
    assert chroma_siting(shown(output)[0]) == "topleft"


def test_a_mastering_display_beyond_the_standard_stays(tmp_path: Path) -> None:
    display = "G(34000,16000)B(13250,34500)R(7500,3000)WP(15635,16450)L(1000,50)"
    options = {"preset": "ultrafast", "x264-params": f"mastering-display={display}"}
    target, output = Clip(options=options).write(tmp_path / "a.mp4"), tmp_path / "o.mp4"
    frame = shown(target)[1]
    data = next(bytes(entry) for entry in frame.side_data if "MASTERING" in entry.type.name)
    assert not MASTERING.unpack(data)[21]  # FFmpeg doubts the brightness
    passed(target, output)
    assert mastering_of(shown(output)[1]) == mastering_of(frame) is not None


def test_tags_that_a_container_cannot_hold_are_named(tmp_path: Path) -> None:
    target = Clip(tags={"title": "A film", "mood": "blue"}).write(tmp_path / "a.mkv")
    (line,) = passed(target, tmp_path / "o.avi")
    assert "mood of the file" in line
    assert "title" not in line


def test_the_time_of_creation_is_kept_in_any_notation(tmp_path: Path) -> None:
    target = Clip(tags={"creation_time": "2016-05-31T17:01:35Z"}).write(tmp_path / "a.mkv")
    old, new = b"2016-05-31T17:01:35Z", b"2016-05-31 17:01:35 "
    target.write_bytes(target.read_bytes().replace(old, new))
    for name in ("o.mkv", "o.mp4", "o.flv"):
        assert passed(target, tmp_path / name) == []
        with av.open(str(tmp_path / name)) as container:
            assert container.metadata["creation_time"].startswith("2016-05-31T17:01:35")


def test_subtitles_of_an_unknown_type_are_not_called_pictures(tmp_path: Path) -> None:
    target = with_subtitles(tmp_path / "a.mkv", "srt", Clip(), [(0, "Hello")])
    target.write_bytes(target.read_bytes().replace(b"S_TEXT/UTF8", b"S_TEXT/NEW!"))
    (line,) = passed(target, tmp_path / "o.mkv")
    assert "subtitles stream 1" in line
    assert "cannot be told from pictures" in line


def test_a_duration_that_counts_from_the_first_frame_does_not_grow(tmp_path: Path) -> None:
    clip = Clip(times=range(500, 1300, 40), time_base=Fraction(1, 1000))
    target = clip.write(tmp_path / "a.mkv")
    data = bytearray(target.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    (whole,) = struct.unpack_from(">d", data, at)
    struct.pack_into(">d", data, at, whole - 500)
    target.write_bytes(data)
    passed(target, tmp_path / "o.mkv")
    with av.open(str(target)) as before, av.open(str(tmp_path / "o.mkv")) as after:
        assert after.start_time == before.start_time == 500_000
        assert after.duration == pytest.approx(before.duration, abs=2000)


def test_the_name_of_the_camera_in_an_avi_is_not_replaced_without_a_word(tmp_path: Path) -> None:
    target = Clip().write(tmp_path / "a.avi")
    data = target.read_bytes()
    at = data.index(b"ISFT") + 8
    target.write_bytes(data[:at] + b"Camera" + data[at + 6 :])
    assert any("software of the file" in line for line in passed(target, tmp_path / "o.avi"))


def test_a_chroma_location_without_a_place_is_named(tmp_path: Path) -> None:
    clip = Clip(codec="mjpeg", pixel_format="yuvj422p", full_range=True, options={})
    target = clip.write(tmp_path / "a.avi")
    assert any("chroma location" in line for line in passed(target, tmp_path / "o.avi"))


@pytest.mark.parametrize("suffix", [".mov", ".ts", ".m4v", ".3gp"])
def test_an_odd_size_is_padded_where_no_encoder_for_it_fits(tmp_path: Path, suffix: str) -> None:
    target = Clip(size=(129, 97), codec="ffv1", options={}).write(tmp_path / "a.mkv")
    (line,) = passed(target, tmp_path / f"o{suffix}")
    assert "padded to 130x98" in line
    with av.open(str(tmp_path / f"o{suffix}")) as container:
        assert len(list(container.decode(video=0))) == 20


def test_hdr_metadata_that_an_encoder_has_no_place_for_are_named(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "x264-params": "cll=1000,400"}
    clip = Clip(pixel_format="yuv420p10le", options=options)
    target = clip.write(tmp_path / "a.mp4")
    video = VideoOptions(output_video_encoder="libvpx-vp9")
    assert any("light level" in line for line in passed(target, tmp_path / "o.webm", video))
    assert not any("light level" in line for line in passed(target, tmp_path / "o2.webm"))
