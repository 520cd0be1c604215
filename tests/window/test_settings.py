"""The options as a form, the saved preferences, the texts."""

import re
from pathlib import Path

from roop.processors import installed
from roop.window.preferences import Preferences, load, save
from roop.window.selection import Selection
from roop.window.settings.presenter import SettingsPresenter
from roop.window.texts import TEXTS, clock, text

SHARED = (
    *("tagline", "source", "target", "people", "options", "jobs", "start", "before", "after"),
    *("peopleAll", "person", "qualityBasic", "qualityEnhanced", "noFace", "severalFaces"),
    *("waiting", "running", "paused", "succeeded", "failed", "cancelled", "stopping"),
    *("cancel", "pause", "resume", "retry", "delete", "share", "camera", "consent"),
)
"""What people learn once."""

PAGE = Path(__file__).parents[2] / "src" / "roop" / "server" / "page" / "texts.js"


def test_only_the_options_that_have_an_effect_are_offered() -> None:
    presenter = SettingsPresenter(Selection(), installed())
    names = {field.name for field in presenter.more()}
    assert "face_shape" in names
    assert not {"mask", "enhance_blend", "skip_audio", "many_faces"} & names
    presenter.set_enhanced(True)
    presenter.set("engine", "simswap")
    names = {field.name for field in presenter.more()}
    assert {"mask", "enhance_blend"} <= names
    assert "face_shape" not in names


def test_typed_values_are_checked() -> None:
    presenter = SettingsPresenter(Selection(), installed())
    quality = presenter.field("output_video_quality")
    assert presenter.type_in(quality, "20")
    assert presenter.options.value == {"output_video_quality": 20}
    assert not presenter.type_in(quality, "200")
    assert presenter.problem.value is not None
    assert presenter.problem.value.hint == "Write a number from 0 to 100."
    assert not presenter.type_in(quality, "7.5")
    assert presenter.type_in(quality, "")
    assert presenter.options.value == {}
    assert presenter.problem.value is None
    assert presenter.type_in(presenter.field("start"), "1:20")
    assert presenter.options.value == {"start": "1:20"}


def test_preferences_are_kept_and_damaged_ones_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "roop" / "ui.json"
    assert load(path) == (Preferences(), None)
    kept = Preferences(width=900, target_folder=tmp_path, options={"fps": 12})
    save(path, kept)
    assert load(path) == (kept, None)
    path.write_text('{"width": "very')
    found, line = load(path)
    assert found == Preferences()
    assert line is not None
    assert "ui.json.damaged" in line.text
    assert not path.exists()
    assert (path.parent / "ui.json.damaged").read_text() == '{"width": "very'


def test_window_and_page_say_the_same() -> None:
    page = dict(re.findall(r'^  (\w+): "(.*)",$', PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {key: TEXTS[key] for key in SHARED} == {key: page[key] for key in SHARED}
    assert text("frames", count=1) == "1 frame"
    assert [clock(5), clock(65.2), clock(3723)] == ["0:05", "1:05", "1:02:03"]
