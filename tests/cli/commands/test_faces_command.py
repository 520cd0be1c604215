"""The command ``roop faces``: it lists each person once, by a name ``roop swap`` takes."""

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.types import Pixels
from support.figures import drawing
from support.films import Film, elder_at, wall, woman_at
from support.terminal import Roop

Portraits = dict[str, Path]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a video: the astronaut, nobody, the officer on the left, both (she on the left)."""
    frames: list[Pixels] = [
        *[woman_at(100)] * 9,
        *[wall()] * 4,
        *[elder_at(90)] * 9,
        *[elder_at(235, canvas=woman_at(85))] * 9,
    ]
    return Film().write(tmp_path_factory.mktemp("video") / "t.mp4", frames)


def test_each_person_in_a_video_is_listed_once(roop: Roop, video: Path, tmp_path: Path) -> None:
    done = roop("faces", video, "--json", "-o", "sheet.png", "--template", "people.json")
    assert done.returncode == 0, done.stderr
    woman, officer = json.loads(done.stdout)["people"]
    assert (woman["first_frame"], woman["position"]) == (0, 0)
    assert (officer["first_frame"], officer["position"]) == (13, 0 if officer["frame"] < 22 else 1)
    assert 60 < woman["size"] < officer["size"] < 160
    assert min(woman["frontality"], officer["frontality"]) > 0.8
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    assert pixels.shape[1] > 2 * 256
    for left in (10, 276):  # a face, not blank paper
        assert pixels[120:250, left : left + 80].std() > 20
    template = json.loads((tmp_path / "people.json").read_text())
    assert [entry["frame"] for entry in template["person"]] == [woman["frame"], officer["frame"]]


def test_a_filled_in_template_swaps_that_person(
    roop: Roop, video: Path, portraits: Portraits, tmp_path: Path
) -> None:
    assert roop("faces", video, "--template", "people.toml").returncode == 0
    text = (tmp_path / "people.toml").read_text()
    assert tomllib.loads(text) == {}
    blocks = text.split("\n\n")
    chosen = blocks[2].replace("# [", "[").replace("# pos", "pos").replace("# frame", "frame")
    chosen = chosen.replace('# source = "photo.jpg"', f'source = "{portraits["astronaut"]}"')
    (tmp_path / "people.toml").write_text("\n\n".join([*blocks[:2], chosen]))
    done = roop("swap", "--map-file", "people.toml", "-t", video, "-o", "o.mp4", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["swapped"] == 18  # the officer's frames


def test_the_people_in_a_photo(roop: Roop, portraits: Portraits) -> None:
    done = roop("faces", portraits["both"])
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["0@0", "1@0"]


def test_the_printed_command_works(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    shutil.copy(portraits["hopper"], tmp_path / "my photo.png")
    printed = roop("faces", "my photo.png").stdout.splitlines()[-1]
    names = {"PHOTO": str(portraits["astronaut"]), "OUTPUT": "o.png"}
    words = [re.sub("PHOTO|OUTPUT", lambda m: names[m[0]], w) for w in shlex.split(printed)]
    done = roop(*words[1:])
    assert done.returncode == 0, done.stderr
    assert "1 face swapped" in done.stdout


def test_nudity_is_refused_and_no_sheet_is_written(
    roop: Roop, tmp_path: Path, portraits: Portraits
) -> None:
    nude = drawing()
    with Image.open(portraits["astronaut"]) as face:
        beside = face.convert("RGB").resize((320, 320))
    Image.fromarray(np.hstack([nude, np.asarray(beside)])).save(tmp_path / "n.png")
    done = roop("faces", "n.png", "-o", "sheet.png")
    assert done.returncode == 6
    assert not (tmp_path / "sheet.png").exists()


def test_a_photo_without_a_face(roop: Roop, portraits: Portraits) -> None:
    done = roop("faces", portraits["nobody"])
    assert done.returncode == 5
    assert "no face found" in done.stderr


def test_a_sheet_that_is_not_png_is_refused(
    roop: Roop, portraits: Portraits, tmp_path: Path
) -> None:
    done = roop("faces", portraits["hopper"], "-o", "sheet.jpg")
    assert done.returncode == 2
    assert "sheet.jpg must end in .png" in done.stderr
    assert not (tmp_path / "sheet.jpg").exists()


@pytest.mark.slow
def test_what_makes_a_poor_source_is_said(roop: Roop, portraits: Portraits, tmp_path: Path) -> None:
    grey, fit = tmp_path / "grey.png", portraits["astronaut"]
    Image.open(fit).convert("L").convert("RGB").save(grey)
    assert "as a source: the photo is black and white" in roop("faces", grey).stdout
    assert "as a source" not in roop("faces", fit).stdout
    (person,) = json.loads(roop("faces", grey, "--json").stdout)["people"]
    assert [fault["code"] for fault in person["faults"]] == ["colourless"]
    swap = ("swap", "-t", portraits["hopper"], "--json", "-s")
    result = json.loads(roop(*swap, grey, fit, "-o", "a.png").stdout)
    best = [(Path(one["photo"]), one["best"], len(one["faults"])) for one in result["sources"]]
    assert best == [(grey, False, 1), (fit, True, 0)]
    warnings = result["warnings"]
    assert len(warnings) == 1
    assert str(grey) in warnings[0]
    assert f"(as in {fit})" in warnings[0]
    assert json.loads(roop(*swap, fit, "-o", "b.png").stdout)["warnings"] == []
