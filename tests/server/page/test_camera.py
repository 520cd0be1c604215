"""The camera on the page: swapped while it runs, another face without a stop, and a still."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from support.page import Visit

pytestmark = pytest.mark.slow


def test_the_camera_is_swapped(visit: Visit, files: dict[str, Path], tmp_path: Path) -> None:
    page = visit.page
    page.get_by_role("button", name="Camera", exact=True).click()
    visit.drop_face(files["astronaut"])
    expect(page.get_by_text("Face found")).to_be_visible()
    page.get_by_role("button", name="Start the camera").click()
    shown = page.get_by_role("img", name="Live swap of the camera")
    expect(shown).to_have_attribute("data-frames", re.compile("[5-9]|..+"))
    expect(page.get_by_text("fps")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a still").click()
    download.value.save_as(tmp_path / "still.jpg")
    with Image.open(tmp_path / "still.jpg") as still:
        assert still.size == (640, 480)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
