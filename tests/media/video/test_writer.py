"""What comes out of reader and writer together, read back with plain PyAV."""

from __future__ import annotations

import errno
import threading
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from roop.errors import DiskFullError, MediaError, UsageError
from roop.media.open import open_reader, open_writer
from roop.media.video.reader import VideoReader
from roop.options import VideoOptions
from roop.types import Box, Frame
from support.clips import Clip, digests, pattern, planes, times, with_subtitles


def passed(target: Path, output: Path, *, force: bool = False, **options: object) -> list[str]:
    """Send ``target`` through reader and writer untouched; return what was warned of."""
    warnings: list[str] = []
    video = VideoOptions.model_validate(options)
    with (
        open_reader(target, video, warnings.append, output=output) as reader,
        open_writer(output, reader, video, force=force, warn=warnings.append) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return warnings


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".roop-"))


VARIABLE = (0, 3000, 4000, 9000, 9500, 21000, 22000, 30000, 41000, 42001)

CLIPS = {
    "constant": Clip(sound=("eng",)),
    "variable": Clip(times=VARIABLE, time_base=Fraction(1, 90_000)),
    "ntsc": Clip(times=range(0, 30 * 1001, 1001), time_base=Fraction(1, 30_000)),
    "film": Clip(times=range(0, 24 * 1001, 1001), time_base=Fraction(1, 24_000)),
    "late": Clip(times=range(10, 30), sound=("eng",)),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_every_frame_keeps_its_time(tmp_path: Path, name: str, suffix: str) -> None:
    target = CLIPS[name].write(tmp_path / "target.mp4")
    output = tmp_path / f"output{suffix}"
    assert passed(target, output) == []
    expected, found = times(target), times(output)
    if suffix == ".mkv":  # Matroska counts milliseconds
        assert len(found) == len(expected)
        assert all(abs(a - b) <= Fraction(1, 2000) for a, b in zip(found, expected, strict=True))
    else:
        assert found == expected
    assert leftovers(tmp_path) == []


def test_matroska_stays_to_the_tick(tmp_path: Path) -> None:
    target = CLIPS["variable"].write(tmp_path / "target.mkv")
    passed(target, tmp_path / "output.mkv")
    passed(target, tmp_path / "output.mp4")
    assert times(tmp_path / "output.mkv") == times(target)
    assert times(tmp_path / "output.mp4") == times(target)


def test_the_last_frame_stays_as_long(tmp_path: Path) -> None:
    target = Clip(times=(0, 2, 4, 6, 8, 10, 12), time_base=Fraction(1, 24)).write(
        tmp_path / "target.mp4"
    )
    passed(target, tmp_path / "output.mp4")
    lengths = []
    for path in (target, tmp_path / "output.mp4"):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.duration is not None
            assert stream.time_base is not None
            lengths.append(stream.duration * stream.time_base)
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("sound_s", [0.4, 0.8, 2.0])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_copied_whole(tmp_path: Path, sound_s: float, suffix: str) -> None:
    clip = Clip(sound=("eng", "fra"), sound_s=sound_s)
    target = clip.write(tmp_path / f"target{suffix}")
    output = tmp_path / f"output{suffix}"
    assert passed(target, output) == []
    assert digests(output, "audio") == digests(target, "audio")
    with av.open(str(output)) as container:
        assert [stream.language for stream in container.streams.audio] == ["eng", "fra"]
    assert len(times(output)) == 20


def test_sound_is_left_out_on_request(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    passed(target, tmp_path / "output.mp4", skip_audio=True)
    assert digests(tmp_path / "output.mp4", "audio") == []


def test_streams_are_interleaved(tmp_path: Path) -> None:
    target = Clip(times=range(300), sound=("eng",), sound_s=12).write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    passed(target, output)
    with av.open(str(output)) as container:
        order = [packet.stream_index for packet in container.demux() if packet.size]
    longest = max(len(list(run)) for run in _runs(order))
    assert longest < 100


def _runs(order: list[int]) -> list[list[int]]:
    cuts = [0, *(at for at, (a, b) in enumerate(pairwise(order), 1) if a != b), len(order)]
    return [order[start:end] for start, end in pairwise(cuts)]


def test_chapters_tags_and_titles_are_copied(tmp_path: Path) -> None:
    clip = Clip(
        tags={"title": "Ein Film", "artist": "Jemand", "comment": "für alle"},
        chapters=((0, 0.3, "Eins"), (0.3, 0.8, "Zwei")),
        sound=("eng",),
    )
    for suffix in (".mp4", ".mkv", ".mov"):
        target = clip.write(tmp_path / f"target{suffix}")
        output = tmp_path / f"output{suffix}"
        assert passed(target, output) == []
        with av.open(str(output)) as found:
            tags = {key.lower(): value for key, value in found.metadata.items()}
            assert clip.tags.items() <= tags.items()
            chapters = [
                (part["start"] * part["time_base"], part["metadata"]["title"])
                for part in found.chapters()
            ]
            kinds = [stream.type for stream in found.streams]
        assert chapters == [(0, "Eins"), (Fraction(3, 10), "Zwei")]
        with av.open(str(target)) as source:
            assert kinds == [stream.type for stream in source.streams]


def test_unusual_tags_of_an_mp4_are_copied(tmp_path: Path) -> None:
    clip = Clip(
        tags={"title": "Film", "com.example.camera": "K2"},
        container_options={"movflags": "use_metadata_tags"},
    )
    target = clip.write(tmp_path / "target.mp4")
    passed(target, tmp_path / "output.mp4")
    with av.open(str(tmp_path / "output.mp4")) as found:
        assert found.metadata["com.example.camera"] == "K2"
        assert found.metadata["title"] == "Film"


TEXTS = ((100, "Hallo"), (400, "Ende"))


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "mov_text"), (".mkv", "subrip")])
def test_subtitles_are_copied(tmp_path: Path, suffix: str, codec: str) -> None:
    target = with_subtitles(tmp_path / f"target{suffix}", codec, Clip(), TEXTS)
    output = tmp_path / f"output{suffix}"
    assert passed(target, output) == []
    empty = sha256(bytes(2)).hexdigest()
    (before,), (after,) = digests(target, "subtitle"), digests(output, "subtitle")
    texts = [(time, digest) for time, digest in before if digest != empty]
    assert [(time, digest) for time, digest in after if digest != empty] == texts
    assert len(texts) == 2
    with av.open(str(output)) as container:
        assert container.streams.subtitles[0].language == "deu"


@pytest.mark.parametrize(
    ("source", "codec", "wanted", "became"),
    [
        (".mkv", "subrip", ".mp4", "mov_text"),
        (".mp4", "mov_text", ".mkv", "subrip"),
        (".mkv", "subrip", ".webm", "webvtt"),
    ],
)
def test_subtitles_are_transcoded_if_needed(
    tmp_path: Path, source: str, codec: str, wanted: str, became: str
) -> None:
    target = with_subtitles(tmp_path / f"target{source}", codec, Clip(), TEXTS)
    output = tmp_path / f"output{wanted}"
    (warning,) = passed(target, output)
    assert "transcoded" in warning
    with av.open(str(output)) as container:
        track = container.streams.subtitles[0]
        assert track.codec_context.codec.canonical_name == became
        assert track.language == "deu"
        shown = [
            (packet.pts * packet.time_base, bytes(entry.dialogue))
            for packet in container.demux(track)
            if packet.size and packet.pts is not None
            for entry in packet.decode()
            if entry.dialogue
        ]
    assert shown == [(Fraction(1, 10), b"Hallo"), (Fraction(2, 5), b"Ende")]


def test_sound_is_transcoded_if_needed(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output = tmp_path / "output.webm"
    (warning,) = passed(target, output)
    assert "from aac to opus" in warning
    with av.open(str(output)) as container:
        track = container.streams.audio[0]
        assert track.codec_context.codec.canonical_name == "opus"
        assert track.language == "eng"
        frames = [frame.to_ndarray() for frame in container.decode(track)]
    heard = np.concatenate(frames, axis=1)[0]
    assert abs(heard.size / 48_000 - 0.8) < 0.05
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(np.argmax(spectrum) * 48_000 / heard.size - 300) < 5


def test_fonts_are_copied_and_covers_left_out(tmp_path: Path) -> None:
    target = tmp_path / "target.mkv"
    plain = Clip().write(tmp_path / "plain.mkv")
    picture = _jpeg()
    with av.open(str(plain)) as source, av.open(str(target), "w") as added:
        video = added.add_stream_from_template(source.streams.video[0], opaque=True)
        added.add_attachment("font.ttf", "application/x-truetype-font", b"letters" * 9)
        added.add_attachment("cover.jpg", "image/jpeg", picture)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                added.mux(packet)
    output = tmp_path / "output.mkv"
    (warning,) = passed(target, output)
    assert warning.startswith("the cover (mjpeg) is left out")
    with av.open(str(output)) as found:
        fonts = [stream for stream in found.streams if stream.type == "attachment"]
        assert [(font.name, font.data) for font in fonts] == [("font.ttf", b"letters" * 9)]
        assert len(found.streams.video) == 1
    warnings = passed(target, tmp_path / "output.mp4")
    assert [warning for warning in warnings if "attachment" in warning and "left out" in warning]
    with av.open(str(tmp_path / "output.mp4")) as found:
        assert len(found.streams.video) == 1


def _jpeg() -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 32, 32, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(pattern(32, 32, 0), "rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_rotation_is_kept(tmp_path: Path, degrees: int, suffix: str) -> None:
    target = Clip(rotation=degrees).write(tmp_path / f"target{suffix}")
    output = tmp_path / f"output{suffix}"
    passed(target, output)
    with av.open(str(target)) as one, av.open(str(output)) as other:
        before, after = next(one.decode(video=0)), next(other.decode(video=0))
    assert before.rotation == after.rotation != 0
    assert (before.width, before.height) == (after.width, after.height)


def test_aspect_and_meaning_of_colours_are_kept(tmp_path: Path) -> None:
    for matrix, full in ((1, False), (5, True), (6, False), (9, False)):
        clip = Clip(matrix=matrix, full_range=full, aspect=Fraction(8, 9))
        target = clip.write(tmp_path / f"target-{matrix}.mp4")
        output = tmp_path / f"output-{matrix}.mp4"
        assert passed(target, output) == []
        with av.open(str(target)) as one, av.open(str(output)) as other:
            assert other.streams.video[0].sample_aspect_ratio == Fraction(8, 9)
            before, after = next(one.decode(video=0)), next(other.decode(video=0))
        for name in ("colorspace", "color_range", "color_primaries", "color_trc"):
            assert getattr(before, name) == getattr(after, name)
        assert before.colorspace == matrix


@pytest.mark.parametrize(
    ("codec", "form"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv422p"),
        ("libx264", "yuv444p"),
        ("libx264", "yuvj420p"),
        ("libx264", "yuv420p10le"),
        ("libx264", "gray"),
        ("ffv1", "yuv422p10le"),
    ],
)
def test_the_pixel_format_is_kept(tmp_path: Path, codec: str, form: str) -> None:
    clip = Clip(codec=codec, pixel_format=form, full_range=form == "yuvj420p", options={})
    target = clip.write(tmp_path / "target.mkv")
    output = tmp_path / "output.mkv"
    assert passed(target, output, output_video_quality=0) == []
    with av.open(str(target)) as one, av.open(str(output)) as other:
        for before, after in zip(one.decode(video=0), other.decode(video=0), strict=True):
            assert after.format.name == before.format.name
            assert np.array_equal(  # quality 0 is lossless up to 8 bits
                before.to_ndarray(format="gray"), after.to_ndarray(format="gray")
            ) or form.endswith("10le")


@pytest.mark.parametrize(
    ("codec", "form", "became"),
    [
        ("ffv1", "bgra", "yuv420p"),
        ("ffv1", "gbrp10le", "yuv420p10le"),
        ("ffv1", "yuv422p12le", "yuv422p10le"),
        ("ffv1", "yuva420p", "yuv420p"),
    ],
)
def test_other_pixel_formats_become_the_nearest(
    tmp_path: Path, codec: str, form: str, became: str
) -> None:
    target = Clip(codec=codec, pixel_format=form, options={}).write(tmp_path / "target.mkv")
    output = tmp_path / "output.mp4"
    (warning,) = passed(target, output, output_video_quality=10)
    assert f"to {became}" in warning
    with av.open(str(target)) as one, av.open(str(output)) as other:
        before, after = next(one.decode(video=0)), next(other.decode(video=0))
        assert after.format.name == became
    shown = (frame.to_ndarray(format="rgb24").astype(int) for frame in (before, after))
    assert np.abs(next(shown) - next(shown)).mean() < 6


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
def test_odd_sizes(tmp_path: Path, encoder: str) -> None:
    clip = Clip(size=(129, 97), codec="ffv1", options={})
    target = clip.write(tmp_path / "target.mkv")
    output = tmp_path / "output.mkv"
    warnings = passed(target, output, output_video_encoder=encoder, output_video_quality=5)
    with av.open(str(target)) as one, av.open(str(output)) as other:
        before, after = next(one.decode(video=0)), next(other.decode(video=0))
    kept = (after.width, after.height) == (129, 97)
    assert kept or (after.width, after.height) == (130, 98)
    assert kept == (not warnings)
    luma = after.to_ndarray(format="gray")[:97, :129].astype(int)
    assert np.abs(luma - before.to_ndarray(format="gray")).mean() < 6


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_an_odd_size_stays_by_default(tmp_path: Path, suffix: str) -> None:
    target = Clip(size=(129, 97), codec="ffv1", options={}).write(tmp_path / "target.mkv")
    output = tmp_path / f"output{suffix}"
    assert passed(target, output) == []
    with av.open(str(output)) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height) == (129, 97)
        assert container.streams.video[0].codec_context.codec.canonical_name == "vp9"


def test_ten_bits_stay_in_a_webm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVT_LOG", "-1")  # read at the encoder's first use in the process
    target = Clip(codec="libsvtav1", pixel_format="yuv420p10le", options={"preset": "12"}).write(
        tmp_path / "target.webm"
    )
    output = tmp_path / "output.webm"
    assert passed(target, output) == []
    with av.open(str(output)) as container:
        assert next(container.decode(video=0)).format.name == "yuv420p10le"


@pytest.mark.parametrize("encoder", ["libx265", "libvpx-vp9", "libsvtav1"])
def test_other_encoders(tmp_path: Path, encoder: str, capfd: pytest.CaptureFixture[str]) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    assert passed(target, output, output_video_encoder=encoder) == []
    assert times(output) == times(target)
    assert digests(output, "audio") == digests(target, "audio")
    assert capfd.readouterr() == ("", "")


def test_hdr_metadata_is_kept(tmp_path: Path) -> None:
    note = (
        "mastering-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
        "L(10000000,50):cll=1000,400"
    )
    clip = Clip(pixel_format="yuv420p10le", matrix=9, options={"x264-params": note})
    target = clip.write(tmp_path / "target.mp4")
    for encoder in ("libx264", "libx265", "libsvtav1"):
        output = tmp_path / f"{encoder}.mp4"
        assert passed(target, output, output_video_encoder=encoder) == []
        with av.open(str(target)) as one, av.open(str(output)) as other:
            wanted, found = (
                {entry.type.name: bytes(entry) for entry in next(file.decode(video=0)).side_data}
                for file in (one, other)
            )
        assert found["CONTENT_LIGHT_LEVEL"] == wanted["CONTENT_LIGHT_LEVEL"]
        ratios = [
            np.frombuffer(side["MASTERING_DISPLAY_METADATA"][:80], np.int32).reshape(10, 2)
            for side in (wanted, found)
        ]
        one_is, other_is = (pairs[:, 0] / pairs[:, 1] for pairs in ratios)
        assert np.allclose(one_is, other_is, rtol=1e-3)


def test_a_trimmed_output_begins_at_zero(tmp_path: Path) -> None:
    clip = Clip(
        times=range(100), sound=("eng",), sound_s=4, chapters=((0, 2, "Eins"), (2, 4, "Zwei"))
    )
    target = clip.write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    passed(target, output, start=1.0, end=3.0)
    assert times(output) == [Fraction(n, 25) for n in range(50)]
    (before,), (after,) = digests(target, "audio"), digests(output, "audio")
    kept = [(time - 1, digest) for time, digest in before if 1 <= time < 3]
    assert [digest for _, digest in after] == [digest for _, digest in kept]
    offsets = {one - other for (one, _), (other, _) in zip(after, kept, strict=True)}
    assert all(abs(offset) <= Fraction(1, 44_100) for offset in offsets)
    with av.open(str(output)) as found:
        chapters = [
            (float(part["start"] * part["time_base"]), float(part["end"] * part["time_base"]))
            for part in found.chapters()
        ]
    assert chapters == [(0, 1), (1, 2)]


def test_a_subtitle_on_screen_at_the_cut_is_shortened(tmp_path: Path) -> None:
    clip = Clip(times=range(50))
    target = with_subtitles(tmp_path / "target.mkv", "subrip", clip, ((100, "A"), (950, "B")))
    passed(target, tmp_path / "output.mkv", start=1.0)
    with av.open(str(tmp_path / "output.mkv")) as found:
        shown = [(p.pts, p.duration, bytes(p)) for p in found.demux(subtitles=0) if p.size]
    assert shown == [(0, 150, b"B")]


@pytest.mark.parametrize("fps", [10, 50, 29.97])
def test_frames_per_second_are_changed(tmp_path: Path, fps: float) -> None:
    target = Clip(times=range(50), sound=("eng",), sound_s=2).write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    passed(target, output, fps=fps)
    found = times(output)
    rate = Fraction(30_000, 1001) if fps == 29.97 else Fraction(fps)
    assert len(found) == round(2 * rate)
    assert all(time == n / rate for n, time in enumerate(found))
    assert digests(output, "audio") == digests(target, "audio")
    # The square moves 3 pixels every 1/25 s, whatever the rate.
    with av.open(str(output)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for time, picture in zip(found, frames, strict=True):
        shown = min(49, max(0, round(float(time) * 25 - 0.02)))
        errors = [
            np.abs(picture.astype(int) - pattern(128, 96, n)).mean()
            for n in (shown, max(0, shown - 1), min(49, shown + 1))
        ]
        assert min(errors) < 6


def test_pastes_reach_the_file_and_nothing_else_changes(tmp_path: Path) -> None:
    target = Clip(options={"preset": "ultrafast", "qp": "0"}).write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    video, box = VideoOptions(output_video_quality=0), Box(40, 30, 72, 62)
    with (
        open_reader(target, video, print) as reader,
        open_writer(output, reader, video, force=False, warn=print) as writer,
    ):
        for frame in reader:
            pixels = np.full((32, 32, 3), (30, 160, 90), np.uint8)
            frame.paste(box, pixels, np.full((32, 32), 255, np.uint8))
            writer.write(frame)
    with av.open(str(target)) as one, av.open(str(output)) as other:
        for before, after in zip(one.decode(video=0), other.decode(video=0), strict=True):
            for shift, was, now in zip((0, 1, 1), planes(before), planes(after), strict=True):
                width = 128 >> shift
                outside = np.ones((96 >> shift, width), bool)
                outside[30 >> shift : 62 >> shift, 40 >> shift : 72 >> shift] = False
                assert np.array_equal(was[:, :width][outside], now[:, :width][outside])
                assert not np.array_equal(was, now)


def test_the_output_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    video = VideoOptions()
    with open_reader(target, video, print) as reader:
        with open_writer(output, reader, video, force=False, warn=print) as writer:
            for frame in reader:
                writer.write(frame)
                assert not output.exists()
        assert output.exists()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("after", [0, 1, 15])
def test_an_error_leaves_nothing_behind(tmp_path: Path, after: int) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output, video = tmp_path / "output.mp4", VideoOptions()

    def interrupted() -> None:
        with (
            open_reader(target, video, print) as reader,
            open_writer(output, reader, video, force=False, warn=print) as writer,
        ):
            for number, frame in enumerate(reader):
                if number == after:
                    raise KeyboardInterrupt
                writer.write(frame)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target.mp4"]
    assert threading.active_count() == 1


def test_an_output_without_frames_is_an_error(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output, video = tmp_path / "output.mp4", VideoOptions()
    with (
        open_reader(target, video, print) as reader,
        pytest.raises(MediaError, match="no frame"),
        open_writer(output, reader, video, force=False, warn=print),
    ):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target.mp4"]


def test_existing_outputs_are_replaced_only_on_request(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output = tmp_path / "output.mp4"
    output.write_text("precious")
    with pytest.raises(UsageError, match="exists") as caught:
        passed(target, output)
    assert "force=True" in (caught.value.hint or "")
    assert output.read_text() == "precious"
    passed(target, output, force=True)
    assert len(times(output)) == 20


def test_the_target_itself_is_replaced_only_on_request(tmp_path: Path) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    sound = digests(target, "audio")
    with pytest.raises(UsageError, match="is the target itself"):
        passed(target, target)
    passed(target, target, force=True)
    assert len(times(target)) == 20
    assert digests(target, "audio") == sound


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("output.xyz", {}, "not a video format"),
        ("output", {}, "is not a folder and has no suffix"),
        ("output.png", {}, "is an image"),
        ("output.gif", {}, "is an image"),
        ("output.webm", {"output_video_encoder": "libx265"}, "cannot hold"),
        ("output.mp4", {"output_video_encoder": "libfoo"}, "unknown video encoder"),
        ("output.mp4", {"output_video_encoder": "h264_amf"}, "does not work on this machine"),
        ("output.mp4", {"output_video_preset": "warp9"}, "no preset 'warp9'"),
        ("o.webm", {"output_video_preset": "99"}, "libvpx-vp9 has no preset '99'"),
    ],
)
def test_wrong_requests_are_refused_at_once(
    tmp_path: Path, name: str, options: dict[str, str], words: str
) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    with pytest.raises(UsageError, match=words) as caught:
        passed(target, tmp_path / name, **options)
    assert caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target.mp4"]


def test_the_default_encoder_suits_the_container(tmp_path: Path) -> None:
    target = Clip().write(tmp_path / "target.mp4")
    assert passed(target, tmp_path / "output.webm") == []
    with av.open(str(tmp_path / "output.webm")) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == "vp9"


def test_better_quality_is_a_larger_file(tmp_path: Path) -> None:
    target = Clip(size=(320, 240)).write(tmp_path / "target.mp4")
    sizes = []
    for quality in (5, 35, 80):
        output = tmp_path / f"{quality}.mp4"
        passed(target, output, output_video_quality=quality)
        sizes.append(output.stat().st_size)
    assert sizes == sorted(sizes, reverse=True)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource
    import signal

    # A limit on the size of files gives FFmpeg what a full disk gives: a failed write.
    target = Clip(size=(320, 240), times=range(100)).write(tmp_path / "target.mp4")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
        with pytest.raises(MediaError) as caught:
            passed(target, tmp_path / "output.mp4", output_video_quality=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert "cannot be written" in str(caught.value) or isinstance(caught.value, DiskFullError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target.mp4"]


def test_gif_becomes_a_video(tmp_path: Path) -> None:
    from PIL import Image

    target, output = tmp_path / "target.gif", tmp_path / "output.mp4"
    pictures = [Image.fromarray(pattern(130, 96, n)) for n in range(6)]
    pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    passed(target, output)
    assert times(output) == [Fraction(n, 10) for n in range(6)]
    with av.open(str(output)) as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "yuv420p"
    assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - pattern(130, 96, 0)).mean() < 12


def test_readers_and_writers_fit_their_contracts(tmp_path: Path) -> None:
    target = Clip().write(tmp_path / "target.mp4")
    with VideoReader(target, VideoOptions(), print) as reader:
        frame: Frame = next(iter(reader))
        assert frame.size == reader.info.size
        assert errno.ENOSPC


@pytest.mark.parametrize("suffix", [".avi", ".ts", ".flv", ".m4v", ".3gp"])
def test_other_containers(tmp_path: Path, suffix: str) -> None:
    target = CLIPS["constant"].write(tmp_path / "target.mp4")
    output = tmp_path / f"output{suffix}"
    languages = [line for line in passed(target, output) if "language of sound stream 1" in line]
    assert len(languages) == (suffix in (".avi", ".flv"))
    found = times(output)
    # Some begin later, sound and picture alike.
    assert [time - found[0] for time in found] == pytest.approx(times(target), abs=0.0006)
    assert len(digests(output, "audio")[0]) >= len(digests(target, "audio")[0]) - 2


def test_a_container_that_counts_frames_drops_what_does_not_fit(tmp_path: Path) -> None:
    target = CLIPS["variable"].write(tmp_path / "target.mp4")
    warnings = passed(target, tmp_path / "output.avi")
    assert any("constant frame rate" in warning for warning in warnings)


def test_interlaced_frames_stay_interlaced(tmp_path: Path) -> None:
    clip = Clip(size=(352, 288), options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    target = clip.write(tmp_path / "target.mp4")
    passed(target, tmp_path / "output.mp4")
    with av.open(str(tmp_path / "output.mp4")) as container:
        stream = container.streams.video[0]
        assert next(container.decode(stream)).interlaced_frame
        assert stream.codec_context.field_order == 2
