"""Streams that few files have are kept, converted or left out with a warning; no job ends."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from roop.media.open import open_reader, open_writer
from roop.media.video.amr import frames
from roop.options import VideoOptions
from support.clips import Clip
from support.transport_streams import retyped

VIDEO = VideoOptions()

TEXT_HEADER = (
    b"[Script Info]\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,16\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def passed(target: Path, output: Path) -> list[str]:
    warnings: list[str] = []
    with (
        open_reader(target, VIDEO, warnings.append) as reader,
        open_writer(output, reader, VIDEO, force=False, warn=warnings.append) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return warnings


def kinds(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


def sounding(path: Path, codec: str, rate: int) -> Path:
    """Write a film of one second with a tone."""
    with av.open(str(path), "w") as output:
        video, sound = output.add_stream("mpeg4", rate=25), output.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        sound.layout = "mono"
        for number in range(25):
            picture = np.full((96, 128, 3), 5 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(video.encode(frame))
        tone = (8000 * np.sin(np.arange(rate) / 20)).astype(np.int16)
        samples = av.AudioFrame.from_ndarray(tone[np.newaxis], "s16", "mono")
        samples.sample_rate, samples.pts = rate, 0
        size = sound.codec_context.frame_size or 0
        resampler = av.AudioResampler(sound.format.name, "mono", rate, frame_size=size)
        for part in [*resampler.resample(samples), *resampler.resample(None)]:
            output.mux(sound.encode(part))
        output.mux(sound.encode(None))
        output.mux(video.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.avi", "pcm_u8", 11025),
        ("a.avi", "pcm_alaw", 8000),
        ("a.avi", "adpcm_ms", 22050),
        ("a.avi", "adpcm_ima_wav", 22050),
        ("a.3gp", "libopencore_amrnb", 8000),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_odd_sound_is_converted(
    tmp_path: Path, name: str, codec: str, rate: int, suffix: str
) -> None:
    target, output = sounding(tmp_path / name, codec, rate), tmp_path / f"o{suffix}"
    warnings = passed(target, output)
    assert all("transcoded" in warning for warning in warnings)
    with av.open(str(output)) as container:
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray().ravel()[:1000] for frame in frames])
    assert len(heard) > 500
    assert np.abs(heard.astype(float)).max() > 0


@pytest.mark.parametrize("suffix", [".ts", ".m2ts", ".mp4"])
@pytest.mark.parametrize(
    ("number", "registration", "name"),
    [(0x86, b"CUEI", "scte_35"), (0x90, b"HDMV", "hdmv_pgs_subtitle")],
)
def test_what_a_container_would_rename_is_left_out_with_a_warning(
    tmp_path: Path, number: int, registration: bytes, name: str, suffix: str
) -> None:
    target = sounding(tmp_path / "a.ts", "mp2", 44100)
    retyped(target, 3, number, registration)
    output = tmp_path / f"o{suffix}"
    (warning,) = passed(target, output)
    assert f"({name}) is left out" in warning
    assert kinds(output) == ["video"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_timed_metadata_of_a_phone_never_becomes_another_stream(
    tmp_path: Path, suffix: str
) -> None:
    plain, target = Clip().write(tmp_path / "plain.mp4"), tmp_path / "a.mp4"
    with av.open(str(plain)) as source, av.open(str(target), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        text = output.add_stream("mov_text")
        text.codec_context.subtitle_header, text.time_base = TEXT_HEADER, Fraction(1, 1000)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        note = av.Packet(b"\0\x05hello")
        note.stream, note.time_base = text, Fraction(1, 1000)
        note.pts, note.dts, note.duration = 0, 0, 200
        output.mux(note)
    target.write_bytes(target.read_bytes().replace(b"sbtl", b"meta").replace(b"tx3g", b"mebx"))
    assert kinds(target) == ["video", "data"]
    output_path = tmp_path / f"o{suffix}"
    (warning,) = passed(target, output_path)
    assert "data stream 1" in warning
    assert kinds(output_path) == ["video"]


def test_a_packet_with_many_frames_of_amr_is_split() -> None:
    short, long = bytes([0x04]) + bytes(12), bytes([0x3C]) + bytes(31)
    assert frames("amr_nb", short + long + short) == [short, long, short]
    assert frames("amr_nb", short + long[:-1]) == [short + long[:-1]]
    wide = bytes([0x44]) + bytes(60)
    assert frames("amr_wb", wide + wide) == [wide, wide]
