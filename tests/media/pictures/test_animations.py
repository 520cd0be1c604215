from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roop.errors import MediaError, UsageError
from roop.media.pictures.animation import AnimationReader, AnimationWriter
from support.pictures_made import DURATIONS_MS, moving, repaint, save_animation

FORMATS = [
    ("gif", {"disposal": 1}),
    ("gif", {"disposal": 2}),
    ("gif", {"disposal": [1, 3, 1, 3, 3, 1]}),
    ("png", {"disposal": 0, "blend": 0}),
    ("png", {"disposal": 1, "blend": 1}),
    ("png", {"disposal": 2, "blend": 0}),
    ("webp", {"lossless": True, "exact": True}),
]
SECONDS = [Fraction(duration, 1000) for duration in DURATIONS_MS]


def ignore(_: str) -> None: ...


def by_pillow(path: Path) -> tuple[list[NDArray[np.uint8]], list[int], int | None]:
    """The shown pictures as RGBA, how long each is shown in ms, the loop count as stored."""
    pictures, durations = [], []
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            pictures.append(np.array(image.convert("RGBA")))
            durations.append(round(image.info.get("duration", 0)))
        return pictures, durations, image.info.get("loop")


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where two pictures look the same."""
    hidden = (one[..., 3] == 0) & (other[..., 3] == 0)
    return (one == other).all(axis=2) | hidden


def rewrite(
    target: Path, output: Path, edited: set[int]
) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.bool_]]]:
    """Repaint the face in some frames; return what every frame should show, and where it may."""
    wanted, masks = [], []
    with (
        AnimationReader(target, ignore) as reader,
        AnimationWriter(output, reader, force=False, warn=ignore) as writer,
    ):
        for index, frame in enumerate(reader):
            width, height = frame.size
            mask = np.zeros((height, width), np.bool_)
            if index in edited:
                mask = repaint(frame)
            wanted.append(frame.samples.copy())
            masks.append(mask)
            writer.write(frame)
    return wanted, masks


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
@pytest.mark.parametrize("transparent", [False, True])
def test_frames_are_shown_as_others_show_them(
    tmp_path: Path, suffix: str, options: dict[str, object], transparent: bool
) -> None:
    target = save_animation(tmp_path / f"a.{suffix}", moving(transparent), **options)
    expected, durations, _ = by_pillow(target)
    with AnimationReader(target, ignore) as reader:
        frames = list(reader)
        info = reader.info
    assert len(frames) == len(expected) == info.frames
    assert info.duration_s == pytest.approx(sum(durations) / 1000)
    assert info.size == (121, 101)
    times = [frame.pts * frame.time_base for frame in frames]
    assert times == [Fraction(sum(durations[:index]), 1000) for index in range(len(frames))]
    for frame, picture in zip(frames, expected, strict=True):
        assert alike(frame.samples, picture).all()


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("edited", [{0, 1, 2, 3, 4, 5}, {2, 3}], ids=["all", "some"])
def test_nothing_but_the_face_changes(
    tmp_path: Path,
    suffix: str,
    options: dict[str, object],
    transparent: bool,
    edited: set[int],
) -> None:
    target = save_animation(tmp_path / f"a.{suffix}", moving(transparent), **options)
    output = tmp_path / f"b.{suffix}"
    wanted, masks = rewrite(target, output, edited)
    pictures, durations, loop = by_pillow(output)
    _, old_durations, old_loop = by_pillow(target)
    assert (durations, loop) == (old_durations, old_loop)
    for picture, expected, mask in zip(pictures, wanted, masks, strict=True):
        assert alike(picture, expected)[~mask].all()
        assert np.array_equal(picture[..., 3], expected[..., 3])
        if suffix == "gif" and mask.any():
            assert _soft(picture, expected)[mask].mean() < 12
        else:
            assert alike(picture, expected).all()


def _soft(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How different two pictures look from where dithering is not seen."""
    soft = [cv2.GaussianBlur(picture[..., :3].astype(float), (0, 0), 2) for picture in (one, other)]
    return np.abs(soft[0] - soft[1]).max(axis=2)


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_an_animation_without_an_edit_shows_the_same(
    tmp_path: Path, suffix: str, options: dict[str, object]
) -> None:
    target = save_animation(tmp_path / f"a.{suffix}", moving(True), **options)
    output = tmp_path / f"b.{suffix}"
    rewrite(target, output, set())
    if suffix != "png":  # its chunks are packed differently
        assert output.read_bytes() == target.read_bytes()
    old, new = by_pillow(target), by_pillow(output)
    assert new[1:] == old[1:]
    assert all(np.array_equal(a, b) for a, b in zip(new[0], old[0], strict=True))


@pytest.mark.parametrize("source", ["gif", "png", "webp"])
@pytest.mark.parametrize("wanted", ["gif", "png", "webp"])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_format_can_become_every_other(
    tmp_path: Path, source: str, wanted: str, transparent: bool
) -> None:
    options = {"lossless": True} if source == "webp" else {"disposal": 2 if source == "gif" else 1}
    target = save_animation(tmp_path / f"a.{source}", moving(transparent), **options)
    output = tmp_path / f"b.{wanted}"
    expected, _ = rewrite(target, output, {0, 1, 2, 3, 4, 5})
    pictures, durations, loop = by_pillow(output)
    assert durations == list(DURATIONS_MS)
    # GIF counts repetitions, the others how often it is shown
    plays = 4 if source == "gif" else 3
    assert loop == (plays - 1 if wanted == "gif" else plays)
    for picture, frame in zip(pictures, expected, strict=True):
        if wanted == "gif":
            assert np.array_equal(picture[..., 3], frame[..., 3])
            assert _soft(picture, frame)[frame[..., 3] > 0].mean() < 6
        else:
            assert alike(picture, frame).all()


def test_ffmpeg_shows_the_same_pictures_at_the_same_times(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.gif", moving(False), disposal=1)
    output = tmp_path / "b.gif"
    rewrite(target, output, {1, 2, 4})
    pictures, _, _ = by_pillow(output)
    with av.open(str(output)) as container:
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(
        [float(sum(SECONDS[:index])) for index in range(len(SECONDS))]
    )
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.array_equal(frame.to_ndarray(format="rgb24"), picture[..., :3])


def test_a_lossy_webp_stays_close_and_copies_what_is_not_edited(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.webp", moving(False), quality=80)
    output = tmp_path / "b.webp"
    wanted, masks = rewrite(target, output, {2, 3})
    pictures, durations, _ = by_pillow(output)
    assert durations == list(DURATIONS_MS)
    for index, (picture, expected, mask) in enumerate(zip(pictures, wanted, masks, strict=True)):
        error = (picture[~mask].astype(float) - expected[~mask]) ** 2
        assert error.max() == 0 if index < 2 else error.mean() < 8


@pytest.mark.parametrize("loop", [None, 0, 1, 5])
@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_the_number_of_repetitions_is_kept(tmp_path: Path, suffix: str, loop: int | None) -> None:
    target = save_animation(tmp_path / f"a.{suffix}", moving(False), loop=loop)
    output = tmp_path / f"b.{suffix}"
    rewrite(target, output, {0, 1})
    assert by_pillow(output)[2] == by_pillow(target)[2]


def test_comments_profiles_and_notes_are_kept(tmp_path: Path) -> None:
    notes = {"icc_profile": b"a profile " * 20, "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}
    for suffix, options in (("gif", {"comment": b"by hand"}), ("png", notes), ("webp", notes)):
        target = save_animation(tmp_path / f"a.{suffix}", moving(False), **options)
        output = tmp_path / f"b.{suffix}"
        rewrite(target, output, {0, 2})
        with Image.open(target) as old, Image.open(output) as new:
            for key in ("comment", "icc_profile", "exif"):
                assert new.info.get(key) == old.info.get(key), (suffix, key)


def test_a_frame_of_no_duration_is_timed_as_browsers_do(tmp_path: Path) -> None:
    target = tmp_path / "a.gif"
    first, *others = (Image.fromarray(frame) for frame in moving(False))
    first.save(target, save_all=True, append_images=others, duration=0, loop=0)
    with AnimationReader(target, ignore) as reader:
        times = [frame.pts * frame.time_base for frame in reader]
    assert times == [Fraction(index, 10) for index in range(len(times))]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_truncated_animation_gives_its_whole_frames(tmp_path: Path, suffix: str) -> None:
    target = save_animation(tmp_path / f"a.{suffix}", moving(False), disposal=1)
    data = target.read_bytes()
    target.write_bytes(data[: len(data) * 9 // 10])
    output = tmp_path / f"b.{suffix}"
    wanted, _ = rewrite(target, output, {0, 1, 2, 3, 4, 5})
    assert 1 <= len(wanted) <= 6
    assert len(by_pillow(output)[0]) == len(wanted)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_damaged_frame_is_skipped_and_counted(tmp_path: Path, suffix: str) -> None:
    frames = [np.roll(frame, 9 * index, axis=1) for index, frame in enumerate(moving(False))]
    target = save_animation(tmp_path / f"a.{suffix}", frames, disposal=1)
    data = bytearray(target.read_bytes())
    with AnimationReader(target, ignore) as reader:
        stored = [frame.patch.stored for frame in reader]
    piece = stored[3][-200:-100]
    at = bytes(data).index(piece)
    data[at - 300 : at + 60] = bytes(360)
    target.write_bytes(data)
    with AnimationReader(target, ignore) as reader:
        left = len(list(reader))
        assert left + reader.damaged <= len(frames)
        assert left >= 3


def test_nothing_readable_at_all_is_one_clear_error(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.webp", moving(False), lossless=True)
    data = bytearray(target.read_bytes())
    at = 0
    while (at := data.find(b"VP8L", at + 4)) > 0:
        data[at + 8 : at + 40] = bytes(32)
    target.write_bytes(data)
    with pytest.raises(MediaError, match=r"a\.webp"), AnimationReader(target, ignore) as reader:
        list(reader)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.gif", moving(False))
    data = bytearray(target.read_bytes())
    data[6:10] = b"\xff\xff\xff\xff"
    target.write_bytes(data)
    with pytest.raises(MediaError, match="more than the limit"):
        AnimationReader(target, ignore)


def test_a_format_without_animation_is_a_usage_error(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.gif", moving(False))
    with (
        AnimationReader(target, ignore) as reader,
        pytest.raises(UsageError, match="cannot hold an animation"),
    ):
        AnimationWriter(tmp_path / "b.jpg", reader, force=False, warn=ignore)


def test_a_stopped_job_leaves_nothing_behind(tmp_path: Path) -> None:
    target = save_animation(tmp_path / "a.gif", moving(False))
    with AnimationReader(target, ignore) as reader:
        writer = AnimationWriter(tmp_path / "b.gif", reader, force=False, warn=ignore)
        with pytest.raises(KeyboardInterrupt):
            _write_one_and_stop(reader, writer)
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def _write_one_and_stop(reader: AnimationReader, writer: AnimationWriter) -> None:
    with writer:
        writer.write(next(iter(reader)))
        raise KeyboardInterrupt
