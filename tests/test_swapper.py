"""One face into many targets: the same as one by one, and nothing that a target leaves behind."""

import gc
import os
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

import roop
import roop.api
from roop.errors import NoFaceError, RefusedError
from roop.types import Pixels
from support.figures import drawing
from support.films import Film, elder_at, shots, woman_at

Portraits = dict[str, Path]


def pixels_of(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Film().write(tmp_path / "clip.mp4", [elder_at(150 + n) for n in range(20)])


def test_every_target_comes_out_as_if_it_were_the_only_one(
    portraits: Portraits, clip: Path, tmp_path: Path
) -> None:
    targets = [portraits["hopper"], portraits["both"], clip, portraits["hopper"]]
    # Quality 0 is lossless: otherwise x264's choices vary with what lies in the process's memory.
    options = roop.api.SwapOptions(many_faces=True, output_video_quality=0)
    with roop.Swapper(portraits["astronaut"], **options) as swapper:
        for number, target in enumerate(targets):
            swapper.swap(target, tmp_path / f"{number}{target.suffix}")
    for number, target in enumerate(targets):
        alone = tmp_path / f"alone-{number}{target.suffix}"
        roop.swap(portraits["astronaut"], target, alone, **options)
        if target.suffix == ".png":
            assert np.array_equal(pixels_of(tmp_path / f"{number}.png"), pixels_of(alone))
        else:
            pairs = zip(shots(tmp_path / f"{number}.mp4"), shots(alone), strict=True)
            assert all(np.array_equal(made.rgb, single.rgb) for made, single in pairs)


def test_options_may_differ_from_target_to_target(portraits: Portraits, tmp_path: Path) -> None:
    with roop.Swapper(portraits["astronaut"]) as swapper:
        one = swapper.swap(portraits["both"], tmp_path / "one.png")
        both = swapper.swap(portraits["both"], tmp_path / "both.png", many_faces=True)
        again = swapper.swap(portraits["both"], tmp_path / "again.png")
    assert (one.faces, both.faces, again.faces) == (1, 2, 1)


def test_a_source_that_is_replaced_is_read_again(portraits: Portraits, tmp_path: Path) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(portraits["astronaut"].read_bytes())
    with roop.Swapper(source) as swapper:
        swapper.swap(portraits["hopper"], tmp_path / "first.png")
        source.write_bytes(portraits["hopper"].read_bytes())
        swapper.swap(portraits["hopper"], tmp_path / "second.png")
    roop.swap(portraits["hopper"], portraits["hopper"], tmp_path / "alone.png")
    second = pixels_of(tmp_path / "second.png")
    assert np.array_equal(second, pixels_of(tmp_path / "alone.png"))
    assert not np.array_equal(second, pixels_of(tmp_path / "first.png"))


def test_a_target_that_fails_does_no_harm_to_the_next(portraits: Portraits, tmp_path: Path) -> None:
    nude = tmp_path / "nude.png"
    Image.fromarray(drawing()).save(nude)
    with roop.Swapper(portraits["astronaut"]) as swapper:
        with pytest.raises(RefusedError):
            swapper.swap(nude, tmp_path / "refused.png")
        with pytest.raises(NoFaceError):
            swapper.swap(portraits["nobody"], tmp_path / "nobody.png")
        assert swapper.swap(portraits["hopper"], tmp_path / "out.png").swapped == 1
    assert not (tmp_path / "refused.png").exists()


def test_a_refused_source_is_refused_for_every_target(portraits: Portraits, tmp_path: Path) -> None:
    nude = tmp_path / "nude.png"
    picture = np.concatenate([drawing(), np.zeros((320, 320, 3), np.uint8)], axis=1)
    face = np.asarray(Image.open(portraits["astronaut"]).convert("RGB"))[:320, 60:380]
    picture[:, 320:] = face
    Image.fromarray(picture).save(nude)
    with roop.Swapper(nude) as swapper:
        for number in range(3):
            with pytest.raises(RefusedError):
                swapper.swap(portraits["hopper"], tmp_path / f"{number}.png")
            with pytest.raises(RefusedError):
                swapper.preview(portraits["hopper"])
    assert not list(tmp_path.glob("[0-9].png"))


def test_calls_leave_no_descriptor_and_no_thread(portraits: Portraits, tmp_path: Path) -> None:
    process = psutil.Process(os.getpid())
    with roop.Swapper(portraits["astronaut"]) as swapper:
        swapper.swap(portraits["hopper"], tmp_path / "warm.png")
        gc.collect()
        before = (process.num_fds(), threading.active_count())
        gc.disable()
        try:
            for number in range(10):
                swapper.swap(portraits["hopper"], tmp_path / f"{number}.png")
            assert (process.num_fds(), threading.active_count()) == before
        finally:
            gc.enable()


@pytest.mark.slow
def test_a_hundred_calls_leave_memory_as_it_was(portraits: Portraits, tmp_path: Path) -> None:
    process = psutil.Process(os.getpid())
    small, output = tmp_path / "small.png", tmp_path / "output.png"
    Image.open(portraits["hopper"]).convert("RGB").resize((256, 256)).save(small)
    with roop.Swapper(portraits["astronaut"]) as swapper:
        for _ in range(20):  # until allocators have what they keep
            swapper.swap(small, output, force=True)
        gc.collect()
        memory = process.memory_info().rss
        before = (process.num_fds(), threading.active_count())
        for _ in range(100):
            swapper.swap(small, output, force=True)
        gc.collect()
        assert (process.num_fds(), threading.active_count()) == before
        assert process.memory_info().rss - memory < 30e6


def test_a_preview_is_the_frame_of_the_output_with_a_label(
    portraits: Portraits, tmp_path: Path
) -> None:
    with roop.Swapper(portraits["astronaut"]) as swapper:
        preview = swapper.preview(portraits["hopper"])
        swapper.swap(portraits["hopper"], tmp_path / "out.png", label=True)
    assert np.array_equal(preview.before, pixels_of(portraits["hopper"]))
    assert np.array_equal(preview.after, pixels_of(tmp_path / "out.png"))
    assert len(preview.faces) == preview.seen == 1


def test_a_preview_shows_the_time_that_is_asked_for(portraits: Portraits, tmp_path: Path) -> None:
    pictures = [woman_at(100 + 4 * n) for n in range(30)]
    clip = Film().write(tmp_path / "clip.mp4", pictures)
    with roop.Swapper(portraits["hopper"]) as swapper:
        for number in (0, 20, 7):
            preview = swapper.preview(clip, number / 30)
            assert preview.time_s == pytest.approx(number / 30, abs=0.001)
            off = np.abs(preview.before.astype(int) - pictures[number]).mean()
            assert off < 3, number
