"""What axe-core finds on the page, where ``AXE_CORE`` names its script (npm has it)."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.page import Visit

pytestmark = pytest.mark.slow

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def axe() -> str:
    """The script, which defines ``axe``."""
    path = os.environ.get("AXE_CORE")
    if not path:
        pytest.skip("axe-core is not here: AXE_CORE does not name its axe.min.js")
    return Path(path).read_text(encoding="utf-8")


def faults(visit: Visit, axe: str) -> list[str]:
    """Return the serious faults of what the page shows now, on a desk and on a phone."""
    visit.page.evaluate(axe)
    found = []
    for width in (390, 1280):
        visit.page.set_viewport_size({"width": width, "height": 800})
        said = visit.page.evaluate("axe.run()")
        assert said["passes"]
        serious = [fault for fault in said["violations"] if fault["impact"] in SERIOUS]
        found += [f"{fault['id']}: {node['html']}" for fault in serious for node in fault["nodes"]]
    return found


def test_no_serious_fault(visit: Visit, files: dict[str, Path], axe: str) -> None:
    page = visit.page
    assert faults(visit, axe) == []
    page.get_by_label("Drop a photo of a face").set_input_files(files["both"])
    expect(page.get_by_text("2 faces found")).to_be_visible()
    assert faults(visit, axe) == []
    page.get_by_role("button", name="Face 2 from the left").click()
    page.get_by_role("button", name="Save this face").click()
    page.get_by_label("Drop a photo, GIF or video").set_input_files(files["pair"])
    visit.wait_for_preview()
    page.get_by_text("More options").click()
    expect(page.get_by_label("Engine")).to_be_visible()
    assert faults(visit, axe) == []
    visit.swap()
    visit.wait_for_state("Done")
    assert faults(visit, axe) == []
    page.get_by_role("button", name="Camera", exact=True).click()
    assert faults(visit, axe) == []
