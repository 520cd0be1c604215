"""Faces that are saved under a name: offered at the next visit, used with a click, deleted."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.page import Visit

pytestmark = pytest.mark.slow


def test_a_face_is_saved_and_used_again(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.drop_face(files["astronaut"])
    page.get_by_role("button", name="Save this face").click()
    name = page.get_by_role("textbox", name="Name of the face")
    expect(name).to_be_focused()
    name.fill("Eileen")
    name.press("Enter")
    saved = page.get_by_role("button", name="Use the saved face Eileen")
    expect(saved.locator("img")).not_to_have_js_property("naturalWidth", 0)
    page.get_by_role("button", name="Remove astronaut.png").click()
    page.reload()
    saved.click()
    expect(saved).to_have_attribute("aria-pressed", "true")
    visit.drop_target(files["hopper"])
    visit.wait_for_preview()
    page.reload()
    expect(saved).to_have_attribute("aria-pressed", "true")
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    expect(visit.job.get_by_role("heading", name="Eileen-hopper.png")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Delete the saved face Eileen").click()
    expect(page.locator("roop-source article")).to_have_count(0)
    expect(page.get_by_text("Saved faces")).to_be_hidden()
    assert visit.server.client.get("/identities").json()["items"] == []


def test_a_name_that_is_taken_is_said(visit: Visit, files: dict[str, Path]) -> None:
    page = visit.page
    visit.refusals_expected = True
    photo = visit.server.upload(files["hopper"])
    made = visit.server.client.post("/identities", json={"name": "Grace", "sources": [photo]})
    visit.drop_face(files["astronaut"])
    page.get_by_role("button", name="Save this face").click()
    name = page.get_by_role("textbox", name="Name of the face")
    name.fill("Grace")
    name.press("Enter")
    expect(page.get_by_text("there is a saved identity called Grace")).to_be_visible()
    visit.server.client.delete(f"/identities/{made.json()['id']}")
