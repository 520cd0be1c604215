"""Jobs on the page: cancelled, done again, paused, and there after a reload."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.page import Visit

pytestmark = pytest.mark.slow


def test_cancel_and_retry(visit: Visit, files: dict[str, Path]) -> None:
    visit.drop_face(files["astronaut"])
    visit.drop_target(files["slow"])
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Running")
    visit.job.get_by_role("button", name="Cancel").click()
    visit.wait_for_state("Cancelled")
    visit.job.get_by_role("button", name="Retry").click()
    visit.wait_for_state("Running")
    visit.page.reload()
    visit.wait_for_state("Running")
    expect(visit.job.get_by_text("of 300 frames")).to_be_visible()
    visit.job.get_by_role("button", name="Pause").click()
    visit.wait_for_state("Paused")
    visit.job.get_by_role("button", name="Cancel").click()
    visit.wait_for_state("Cancelled")
    visit.job.get_by_role("button", name="Delete").click()
    expect(visit.page.locator("roop-jobs article")).to_have_count(0)


def test_a_double_click_starts_once(visit: Visit, files: dict[str, Path]) -> None:
    visit.drop_face(files["astronaut"])
    visit.drop_target(files["slow"])
    visit.wait_for_preview()
    visit.page.get_by_role("button", name="Swap", exact=True).dblclick()
    visit.wait_for_state("Running")
    visit.swap()
    visit.job.get_by_role("button", name="Cancel").click()
    visit.wait_for_state("Cancelled")
    expect(visit.page.locator("roop-jobs article")).to_have_count(1)
