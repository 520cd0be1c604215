"""The camera on the page: swapped while it runs, another face, a recording and a still."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Response, expect

from support.page import CAMERA_FRAMES, Visit, camera_picture, verdict
from support.server import running

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
    page.get_by_role("button", name="Take a still").click()
    still = page.get_by_role("article", name=re.compile("png$"))
    assert verdict(saved(still, tmp_path / "still.png")) == "intact"
    with Image.open(tmp_path / "still.png") as picture:
        assert picture.size == (640, 480)
        shows_the_swap(np.asarray(picture.convert("RGB"), int))
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("button", name="Stop recording 0:01")).to_be_visible()
    page.get_by_role("button", name="Stop recording").click()
    recording = page.get_by_role("article", name=re.compile("mp4$"))
    assert verdict(saved(recording, tmp_path / "recording.mp4")) == "intact"
    with page.expect_response(changes_the_face) as changed:
        visit.drop_face(files["hopper"])  # another face, while it runs
    assert changed.value.status == 204
    expect(page.get_by_role("button", name="Take a still")).to_be_enabled()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    for card in (still, recording):
        card.get_by_role("button", name="Delete").click()
        expect(card).to_have_count(0)


def test_a_camera_of_the_server_is_watched(
    browser: Browser, files: dict[str, Path], tmp_path: Path
) -> None:
    with running(tmp_path, "--cameras", f"door={files['slow']}") as server:
        context = browser.new_context()
        visit = Visit(context.new_page(), server)
        visit.open()
        page = visit.page
        page.get_by_role("button", name="Camera", exact=True).click()
        visit.drop_face(files["hopper"])
        page.get_by_label("Which camera").select_option("door")
        page.get_by_role("button", name="Start the camera").click()
        shown = page.get_by_role("img", name="Live swap of the camera")
        expect(shown).to_have_attribute("data-frames", re.compile("[1-9]"))
        assert shown.evaluate("screen => screen.width") == 320
        context.close()
    visit.check()


def shows_the_swap(picture: NDArray[np.int_]) -> None:
    """Check that the mirrored picture has another face and the label, and else what was filmed."""
    filmed = (camera_picture(number) for number in range(CAMERA_FRAMES))
    changes = [np.abs(picture - np.asarray(one, int)[:, ::-1]).mean(axis=2) for one in filmed]
    changed = min(changes, key=np.mean)
    assert np.median(changed) < 12  # the browser converts colours
    assert np.percentile(changed[150:350, 200:430], 90) > 25  # the face
    assert (picture[420:, :200].min(axis=2) > 220).sum() > 300  # the label's letters
    assert np.percentile(changed[420:, :200], 90) > 25


def changes_the_face(answer: Response) -> bool:
    """Tell whether this answers a change of the face."""
    asked = answer.request
    return asked.method == "PATCH" and "sources" in (asked.post_data or "")


def saved(card: Locator, path: Path) -> Path:
    """Save what a card shows."""
    with card.page.expect_download() as download:
        card.get_by_role("link", name="Download").click()
    download.value.save_as(path)
    return path
