"""Whole jobs on small films and photos: what a person gets who asks for a swap."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from roop.api import make_job
from roop.errors import NoFaceError
from roop.faces.analyser import Analyser
from roop.options import Settings
from roop.pipeline.job import JobResult, run_job
from roop.processors import installed
from roop.types import Pixels
from support.clips import digests
from support.films import SIZE, Film, Shot, elder_at, shots, wall, woman_at
from support.heads import astronaut, hopper
from support.swapping import mesh_on
from support.warp import frontal, similarity

Swap = Callable[..., JobResult]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The officer's photo."""
    path = tmp_path_factory.mktemp("source") / "officer.png"
    Image.fromarray(hopper()).save(path)
    return path


@pytest.fixture
def swap(source: Path, tmp_path: Path) -> Swap:
    """Put the officer's face into a target; write to ``tmp_path / "out"``."""
    (tmp_path / "out").mkdir()

    def run(target: Path, name: str, **options: object) -> JobResult:
        options.setdefault("output_video_preset", "ultrafast" if ".mp4" in name else None)
        registry = installed()
        job = make_job([source], target, tmp_path / "out" / name, options, registry)
        return run_job(job, Settings(), registry)

    return run


def sway(count: int) -> list[float]:
    """Return where a head is that goes to the right by 2 pixels a frame."""
    return [130.0 + 2 * i for i in range(count)]


def changed(before: Shot, after: Shot) -> NDArray[np.bool_]:
    """Return where the luma differs clearly."""
    one, two = (s.planes[0].astype(int) for s in (before, after))
    return np.abs(one - two) > 4 * (4 if one.max() > 255 else 1)


def is_the_officer(picture: Pixels, old: Pixels, analyser: Analyser) -> bool:
    """Tell whether the only face looks more like the source than like the target did."""
    own = frontal(hopper(), mesh_on(analyser, hopper()))
    seen = frontal(picture, mesh_on(analyser, picture))
    before = frontal(old, mesh_on(analyser, old))
    return similarity(seen, own) > similarity(seen, before) + 0.1


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser(Settings())


def test_every_frame_of_a_film_is_swapped_and_keeps_its_time(
    swap: Swap, tmp_path: Path, analyser: Analyser
) -> None:
    times = [0, 20, 40, 80, 90, 130, 150, 170, 190, 260, 280, 300, 330, 340, 360, 380]
    target = Film(times=times).write(tmp_path / "t.mp4", [woman_at(x) for x in sway(16)])
    result = swap(target, "o.mp4", output_video_quality=0)
    before, after = shots(target), shots(result.output)
    assert (result.frames, result.swapped, result.damaged) == (16, 16, 0)
    assert [shot.time for shot in after] == [shot.time for shot in before]
    for x, old, new in zip(sway(16), before, after, strict=True):
        where = changed(old, new)
        assert where[85:165, int(x) - 35 : int(x) + 35].mean() > 0.3
        where[50:195, int(x) - 65 : int(x) + 65] = False
        assert not where.any()
    for number in (0, 5, 15):
        assert is_the_officer(after[number].rgb, before[number].rgb, analyser)


def test_outside_the_face_every_sample_stays(swap: Swap, tmp_path: Path) -> None:
    target = Film().write(tmp_path / "t.mp4", [woman_at(x) for x in sway(6)])
    result = swap(target, "o.mp4", output_video_quality=0)  # H.264 without loss
    for old, new in zip(shots(target), shots(result.output), strict=True):
        for zoom, one, two in zip((1, 2, 2), old.planes, new.planes, strict=True):
            same = one == two
            same[40 // zoom : 200 // zoom, 60 // zoom : 210 // zoom] = True
            assert same.all()


def test_a_job_gives_the_same_film_again(swap: Swap, tmp_path: Path) -> None:
    target = Film().write(tmp_path / "t.mp4", [woman_at(x) for x in sway(12)])
    once, again = (swap(target, name).output for name in ("a.mp4", "b.mp4"))
    assert digests(once, "video") == digests(again, "video")


def test_a_stretch_without_a_face_stays_as_it_was(swap: Swap, tmp_path: Path) -> None:
    pictures = [wall() if 6 <= i < 14 else woman_at(x) for i, x in enumerate(sway(20))]
    target = Film().write(tmp_path / "t.mp4", pictures)
    result = swap(target, "o.mp4", output_video_quality=0)
    assert (result.frames, result.swapped) == (20, 12)
    pairs = list(zip(shots(target), shots(result.output), strict=True))
    for number, (old, new) in enumerate(pairs):
        same = all(np.array_equal(a, b) for a, b in zip(old.planes, new.planes, strict=True))
        assert same == (6 <= number < 14)


def test_after_a_cut_the_other_person_is_swapped_at_once(
    swap: Swap, tmp_path: Path, analyser: Analyser
) -> None:
    pictures = [woman_at(100)] * 6 + [woman_at(210, 118)] * 6
    target = Film().write(tmp_path / "t.mp4", pictures)
    result = swap(target, "o.mp4", output_video_quality=0)
    assert result.swapped == 12
    after, before = shots(result.output), shots(target)
    assert is_the_officer(after[6].rgb, before[6].rgb, analyser)
    assert not changed(before[6], after[6])[:, :150].any()


def test_ten_bits_stay_ten_bits(swap: Swap, tmp_path: Path, analyser: Analyser) -> None:
    film = Film(pixel_format="yuv420p10le")
    target = film.write(tmp_path / "t.mp4", [woman_at(x) for x in sway(5)])
    result = swap(target, "o.mp4", output_video_quality=0)
    before, after = shots(target), shots(result.output)
    assert {shot.pixel_format for shot in after} == {"yuv420p10le"}
    assert result.swapped == 5
    assert is_the_officer(after[4].rgb, before[4].rgb, analyser)
    for old, new in zip(before, after, strict=True):
        off = np.abs(old.planes[0].astype(int) - new.planes[0])
        off[40:200, 60:210] = 0
        assert off.max() <= 8  # of 1023: only what encoding loses


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_rotated_film_is_swapped_and_stays_rotated(
    swap: Swap, tmp_path: Path, quarters: int, analyser: Analyser
) -> None:
    film = Film(rotation=-90 * quarters, turn=lambda p: np.rot90(p, -quarters))
    target = film.write(tmp_path / "t.mov", [woman_at(x) for x in sway(5)])
    result = swap(target, "o.mov", output_video_quality=0)
    before, after = shots(target), shots(result.output)
    assert result.swapped == 5
    assert {shot.rotation for shot in after} == {before[0].rotation} != {0}
    for old, new in zip(before, after, strict=True):
        assert old.rgb.shape == new.rgb.shape
        upright = np.rot90(changed(old, new), quarters)
        assert upright.shape == SIZE[::-1]
        assert upright[85:165, 100:170].mean() > 0.2
    one, two = (np.ascontiguousarray(np.rot90(s[2].rgb, quarters)) for s in (after, before))
    assert is_the_officer(one, two, analyser)


def test_the_largest_face_or_all_of_them(swap: Swap, tmp_path: Path) -> None:
    picture = elder_at(235, canvas=woman_at(85))
    target = Film().write(tmp_path / "t.mp4", [picture] * 4)
    one = swap(target, "one.mp4", output_video_quality=0)
    both = swap(target, "both.mp4", output_video_quality=0, many_faces=True)
    old = shots(target)
    for result, left in ((one, False), (both, True)):
        assert result.swapped == 4
        for before, after in zip(old, shots(result.output), strict=True):
            assert not np.array_equal(before.planes[0][:, 165:], after.planes[0][:, 165:])
            assert bool(changed(before, after)[:, :150].any()) == left


def test_an_animation(swap: Swap, tmp_path: Path, analyser: Analyser) -> None:
    pictures = [Image.fromarray(woman_at(x)) for x in sway(5)]
    durations = [100, 40, 250, 70, 100]
    target = tmp_path / "t.gif"
    pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    result = swap(target, "o.gif")
    assert (result.frames, result.swapped) == (5, 5)
    with Image.open(result.output) as after, Image.open(target) as before:
        assert [f.info["duration"] for f in ImageSequence.Iterator(after)] == durations
        for new, old in zip(
            ImageSequence.Iterator(after), ImageSequence.Iterator(before), strict=True
        ):
            one, two = (np.asarray(f.convert("RGB")) for f in (new, old))
            assert (one != two)[85:165, 120:160].any(axis=2).mean() > 0.3
            assert is_the_officer(one, two, analyser)


def test_a_photo_with_16_bits(swap: Swap, tmp_path: Path, analyser: Analyser) -> None:
    low = np.random.default_rng(3).integers(0, 256, astronaut().shape)
    deep = (astronaut().astype(np.uint16) * 256 + low).astype(np.uint16)
    target = tmp_path / "t.png"
    cv2.imwrite(str(target), deep[..., ::-1])
    result = swap(target, "o.png")
    assert result.swapped == 1
    output = cv2.imread(str(result.output), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert output.dtype == np.uint16
    same = (output == deep).all(axis=2)
    assert not same[90:170, 190:250].all()
    same[40:205, 150:295] = True
    assert same.all()
    eight = (output // 257).astype(np.uint8)
    assert is_the_officer(eight, astronaut(), analyser)
    assert len(np.unique(output[90:170, 190:250])) > 1000  # no 8-bit steps under the face


@pytest.mark.parametrize("kind", ["film", "photo", "animation"])
def test_without_any_face_nothing_is_written(swap: Swap, tmp_path: Path, kind: str) -> None:
    if kind == "film":
        target = Film().write(tmp_path / "t.mp4", [wall()] * 12)
    else:
        target = tmp_path / ("t.png" if kind == "photo" else "t.gif")
        rest = [Image.fromarray(wall())] * 3 if kind == "animation" else []
        Image.fromarray(wall()).save(
            target, **({"save_all": True, "append_images": rest} if rest else {})
        )
    with pytest.raises(NoFaceError, match=f"no face found in .*{target.name}") as caught:
        swap(target, f"o{target.suffix}")
    assert caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []
