"""The first swap: two drops and one click, on a desk, on a phone, and without a mouse."""

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from roop.server.app import PAGE
from support.page import Visit, verdict

pytestmark = pytest.mark.slow


def test_two_drops_and_one_click(visit: Visit, files: dict[str, Path], tmp_path: Path) -> None:
    page = visit.page
    expect(page.get_by_role("button", name="Swap", exact=True)).to_be_disabled()
    visit.drop_face(files["astronaut"])
    expect(page.get_by_text("Face found")).to_be_visible()
    visit.drop_target(files["hopper"])
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    with page.expect_download() as download:
        visit.job.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "astronaut-hopper.png"
    download.value.save_as(tmp_path / "out.png")
    assert verdict(tmp_path / "out.png") == "intact"
    visit.job.get_by_role("button", name="Check the marks").click()
    expect(visit.job.get_by_text("made with AI, intact")).to_be_visible()
    visit.job.get_by_role("button", name="Compare").click()
    expect(visit.job.get_by_role("img", name="Before")).to_be_visible()


def test_a_few_seconds_are_played(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_face(files["astronaut"])
    visit.drop_target(files["slow"])
    visit.wait_for_preview()
    page.get_by_role("button", name="Play a few seconds").click()
    video = page.get_by_label("A few seconds of the preview")
    expect(video).not_to_have_js_property("currentTime", 0)
    page.get_by_role("slider", name="Time of the preview").fill("2")
    expect(video).to_have_count(0)


def test_on_a_phone(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Drop a photo of a face").set_input_files(files["astronaut"])
    page.get_by_label("Drop a photo, GIF or video").set_input_files(files["pair"])
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    video = visit.job.locator("video")
    expect(video).to_be_visible()
    video.evaluate("video => video.play()")
    expect(video).not_to_have_js_property("currentTime", 0)
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_with_the_keyboard_alone(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    for label, name in (("Drop a photo of a face", "astronaut"), ("Drop a photo, GIF", "hopper")):
        with page.expect_file_chooser() as chooser:
            _tab_to(page, page.get_by_label(label))
            page.keyboard.press("Enter")
        chooser.value.set_files(files[name])
    visit.wait_for_preview()
    border = page.locator("roop-target").get_by_role("slider", name="Before and after")
    _tab_to(page, border)
    stood = int(border.input_value())
    page.keyboard.press("ArrowLeft")
    expect(border).to_have_value(str(stood - 1))
    button = page.get_by_role("button", name="Swap", exact=True)
    _tab_to(page, button)
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    visit.wait_for_state("Done")


def _tab_to(page: Page, wanted: Locator) -> None:
    page.locator("h1").evaluate("() => document.activeElement?.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("Tab does not lead there")


def test_the_page_is_small() -> None:
    scripts = sorted(PAGE.glob("*.js"))
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) <= 60_000
    assert all(len(script.read_text().splitlines()) <= 300 for script in scripts)
