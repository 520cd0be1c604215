"""Who gets which face: choices, what is refused, and what outlives a reload."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from support.page import Visit

pytestmark = pytest.mark.slow


def test_two_people_get_two_faces(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_target(files["pair"])
    people = page.locator("roop-people .person:has(img)")
    expect(people).to_have_count(2)
    expect(page.get_by_text("Looking for people")).to_have_count(0)
    visit.drop(people.nth(0), files["hopper"])
    expect(page.get_by_role("button", name="Person 1: use the common face again")).to_be_visible()
    visit.drop(people.nth(1), files["astronaut"])
    expect(page.get_by_role("button", name="Person 2: use the common face again")).to_be_visible()
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    job = visit.newest_job()
    assert len(job["request"]["assignments"]) == 2
    assert job["summary"]["faces"] == 40


def test_a_click_chooses_who_is_replaced(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_face(files["astronaut"])
    visit.drop_target(files["pair"])
    first = page.get_by_role("button", name="Person 1, seen in 20 frames")
    second = page.get_by_role("button", name="Person 2, seen in 20 frames")
    expect(second).to_have_attribute("aria-pressed", "true")  # it is larger
    visit.wait_for_preview()
    before = visit.after.get_attribute("src")
    first.click()
    expect(second).to_have_attribute("aria-pressed", "false")
    expect(visit.after).not_to_have_attribute("src", before or "")
    page.get_by_role("slider", name="Time of the preview").fill("0.4")
    page.reload()
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("slider", name="Time of the preview")).to_have_value("0.4")
    expect(page.get_by_text("astronaut.png")).to_be_visible()
    page.get_by_role("button", name="Everyone").click()
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    assert visit.newest_job()["summary"]["faces"] == 40


def test_a_face_in_the_picture_is_chosen_by_a_click(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_target(files["pair"])
    first = page.get_by_role("button", name="Person 1, in the picture")
    second = page.get_by_role("button", name="Person 2, in the picture")
    expect(second).to_have_attribute("aria-pressed", "true")
    visit.drop_face(files["astronaut"])
    visit.wait_for_preview()
    first.click()
    expect(second).to_have_attribute("aria-pressed", "false")
    page.get_by_text("More options").click()
    start = page.get_by_role("spinbutton", name="Start start at")
    start.fill("0.2")
    start.press("Tab")
    page.get_by_role("slider", name="Time of the preview").fill("0.5")
    visit.wait_for_preview()
    expect(first).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(first).to_have_attribute("aria-pressed", "true")
    border = page.locator("roop-target").get_by_role("slider", name="Before and after")
    visit.wait_for_preview()
    spot, stage = first.bounding_box(), border.bounding_box()
    assert spot is not None
    assert stage is not None
    share = (spot["x"] + spot["width"] / 2 - stage["x"]) / stage["width"]
    assert abs(float(border.input_value()) / 100 - share) < 0.05  # it runs through the face
    visit.drag(first, -40)
    moved = border.input_value()
    assert abs(float(moved) / 100 - share) > 0.05
    expect(second).to_have_attribute("aria-pressed", "false")
    visit.drop(second, files["hopper"])
    expect(page.get_by_role("button", name="Person 2: use the common face again")).to_be_visible()
    expect(second).to_have_attribute("aria-pressed", "true")
    visit.wait_for_preview()
    expect(border).to_have_value(moved)


def test_a_face_that_is_small_is_taken_with_a_warning(
    visit: Visit, files: dict[str, Path], tmp_path: Path
) -> None:
    with Image.open(files["astronaut"]) as photo:
        photo.resize((220, 220)).save(tmp_path / "far.png")
    visit.drop_face(tmp_path / "far.png")
    expect(visit.page.get_by_text("Face found")).to_be_visible()
    expect(visit.page.locator("roop-source").get_by_text("pixels high")).to_be_visible()


def test_what_is_wrong_is_said_where_it_is(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.refusals_expected = True
    visit.drop_face(files["nobody"])
    expect(page.get_by_text("No face found in nobody.png")).to_be_visible()
    visit.drop_face(files["pair"])
    expect(page.get_by_text("pair.mp4 is a video")).to_be_visible()
    visit.drop_face(files["drawing"])
    refusal = page.locator("roop-source").get_by_text("shows a bare female breast")
    expect(refusal).to_be_visible()
    expect(page.locator("roop-source .thumb img")).to_have_count(0)  # it is not shown either
    visit.drop_face(files["hopper"])
    visit.drop_target(files["drawing"])
    expect(page.locator("roop-target").get_by_text("shows a bare female breast")).to_be_visible()
    expect(page.get_by_role("button", name="Swap", exact=True)).to_be_disabled()


def test_of_several_faces_a_click_chooses_one(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_face(files["both"])
    expect(page.get_by_text("2 faces found. Whose is it?")).to_be_visible()
    page.get_by_role("button", name="Face 2 from the left").click()
    expect(page.get_by_text("Face found")).to_be_visible()
    expect(page.locator("roop-source article")).to_have_count(1)
