"""Whole jobs with two people in the target: who is replaced, and what is said if nobody is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.api import make_job
from roop.errors import MediaError, NoFaceError, UsageError
from roop.options import Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.output.record import Recognition
from roop.processors import installed
from support.films import Film, Shot, elder_at, shots, wall, woman_at

Swap = Callable[..., JobResult]

WOMAN, OFFICER = slice(25, 150), slice(180, 295)
"""Columns of the two, who stand side by side."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of the astronaut, on the left, beside the officer."""
    path = tmp_path_factory.mktemp("film") / "t.mp4"
    return Film().write(path, [elder_at(235, canvas=woman_at(85 + i)) for i in range(6)])


@pytest.fixture
def swap(tmp_path: Path) -> Swap:
    def run(target: Path, *sources: Path, **options: object) -> JobResult:
        chosen = {"output_video_quality": 0, "output_video_preset": "ultrafast", **options}
        registry = installed()
        job = make_job(sources, target, tmp_path / "o.mp4", chosen, registry)
        return run_job(job, Settings(), registry)

    return run


def replaced(before: Shot, after: Shot) -> set[str]:
    """Return who looks otherwise than before."""
    off = np.abs(before.planes[0].astype(int) - after.planes[0]) > 4
    return {
        name
        for name, columns in {"woman": WOMAN, "officer": OFFICER}.items()
        if off[:, columns].mean() > 0.01
    }


def all_replaced(target: Path, result: JobResult) -> list[set[str]]:
    return [replaced(*pair) for pair in zip(shots(target), shots(result.output), strict=True)]


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ({"reference_face_position": 0}, "woman"),
        ({"reference_face_position": 1}, "officer"),
        ({"reference_frame_number": 4}, "woman"),
        ({"reference_face_position": 0, "face_order": "large-small"}, "officer"),
    ],
)
def test_one_person_by_position(
    swap: Swap, film: Path, portraits: dict[str, Path], options: dict[str, object], who: str
) -> None:
    result = swap(film, portraits["hopper"], **options)
    assert all_replaced(film, result) == [{who}] * 6


def test_one_person_by_a_photo(swap: Swap, film: Path, portraits: dict[str, Path]) -> None:
    result = swap(film, portraits["hopper"], reference=portraits["astronaut"])
    assert all_replaced(film, result) == [{"woman"}] * 6
    assert result.recognition == Recognition("descriptor", "texture", 0.85)


def test_each_by_a_face_of_their_own(
    swap: Swap, film: Path, portraits: dict[str, Path], tmp_path: Path
) -> None:
    alone = swap(film, portraits["hopper"], reference_face_position=0).output
    other = alone.rename(tmp_path / "alone.mp4")
    pairs = [f"{portraits['hopper']}=0", f"{portraits['astronaut']}={portraits['hopper']}"]
    result = swap(film, map=pairs)
    assert all_replaced(film, result) == [{"woman", "officer"}] * 6
    for one, both in zip(shots(other), shots(result.output), strict=True):
        off = np.abs(one.planes[0].astype(int) - both.planes[0])[:, WOMAN]
        assert off.max() <= 8  # the same face as with one person, but for the watermark


def test_a_mapping_file_and_everybody_else(
    swap: Swap, film: Path, portraits: dict[str, Path], tmp_path: Path
) -> None:
    Image.open(portraits["hopper"]).save(tmp_path / "h.png")
    mapping = tmp_path / "people.toml"
    mapping.write_text('[[person]]\nsource = "h.png"\nposition = 0\nframe = 2\n')
    assert all_replaced(film, swap(film, map_file=mapping)) == [{"woman"}] * 6
    (tmp_path / "o.mp4").unlink()
    both = swap(film, portraits["astronaut"], map_file=mapping, many_faces=True)
    assert all_replaced(film, both) == [{"woman", "officer"}] * 6


def test_nobody_is_the_one(swap: Swap, portraits: dict[str, Path], tmp_path: Path) -> None:
    target = Film().write(tmp_path / "t.mp4", [woman_at(120)] * 3)
    with pytest.raises(
        NoFaceError, match=r"the nearest face has a distance of \d\.\d\d, the l"
    ) as e:
        swap(target, portraits["astronaut"], reference=portraits["hopper"])
    assert "similar_face_distance=" in (e.value.hint or "")
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize(("what", "frames"), [("copy", 9), ("skip", 6), ("error", None)])
def test_frames_without_the_person(
    swap: Swap, portraits: dict[str, Path], tmp_path: Path, what: str, frames: int | None
) -> None:
    pictures = [woman_at(120)] * 3 + [wall()] * 3 + [woman_at(120)] * 3
    target = Film().write(tmp_path / "t.mp4", pictures)
    options = {"if_no_face": what, "reference_face_position": 0}
    if frames is None:
        with pytest.raises(NoFaceError, match=r"nobody to replace in .*t\.mp4 at 0\.10 s"):
            swap(target, portraits["hopper"], **options)
        assert not (tmp_path / "o.mp4").exists()
        return
    seen = shots(swap(target, portraits["hopper"], **options).output)
    times = [shot.time for shot in shots(target)]
    assert [shot.time for shot in seen] == (times if frames == 9 else times[:3] + times[6:])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reference_face_position": 5}, NoFaceError, "no face number 5 in frame 0"),
        ({"reference_frame_number": 50}, UsageError, "no frame number 50: its last is 5"),
        ({"map": ["a.png"]}, UsageError, "map needs SOURCE=POSITION"),
        ({"map": ["0@3=a.png"]}, UsageError, "map needs the new face first"),
        ({"map_file": "nowhere.toml"}, MediaError, "nowhere.toml cannot be read"),
        ({"many_faces": True, "reference_face_position": 1}, UsageError, "has no effect"),
    ],
)
def test_what_makes_no_sense(
    swap: Swap,
    film: Path,
    portraits: dict[str, Path],
    options: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    sources = [] if "map" in options or "map_file" in options else [portraits["hopper"]]
    with pytest.raises(error, match=message):
        swap(film, *sources, **options)
