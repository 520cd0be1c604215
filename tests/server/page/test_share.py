"""Sharing a result from the page: an address, its QR code, and the end of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.page import Visit
from support.server import running

pytestmark = pytest.mark.slow


@pytest.fixture
def sharing_visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """A visit to a server that shares results in the folder ``shared``."""
    place = tmp_path / "shared"
    place.mkdir()
    with running(tmp_path, ROOP_SHARE_TO=place.as_uri()) as server:
        context = browser.new_context()
        visit = Visit(context.new_page(), server)
        visit.open()
        yield visit
        context.close()
    visit.check()


def test_share_and_stop(sharing_visit: Visit, files: dict[str, Path], tmp_path: Path) -> None:
    visit = sharing_visit
    visit.drop_face(files["astronaut"])
    visit.drop_target(files["hopper"])
    visit.wait_for_preview()
    visit.swap()
    visit.wait_for_state("Done")
    visit.job.get_by_role("button", name="Share").click()
    address = visit.job.get_by_label("Address for others")
    expect(address).to_be_visible()
    (copy,) = (tmp_path / "shared").iterdir()
    expect(address).to_have_value(copy.as_uri())
    code = visit.job.get_by_role("img", name="QR code of the address")
    expect(code).not_to_have_js_property("naturalWidth", 0)
    visit.job.get_by_role("button", name="Stop sharing").click()
    expect(code).to_have_count(0)
    assert list((tmp_path / "shared").iterdir()) == []
    visit.job.get_by_role("button", name="Share").click()
    expect(code).to_be_visible()
    visit.job.get_by_role("button", name="Delete").click()
    visit.page.reload()
    listed = visit.page.get_by_role("article", name="output-roop")
    (copy,) = (tmp_path / "shared").iterdir()
    expect(listed.get_by_role("link")).to_have_attribute("href", copy.as_uri())
    listed.get_by_role("button", name="QR code").click()
    code = listed.get_by_role("img", name="QR code of the address")
    expect(code).not_to_have_js_property("naturalWidth", 0)
    listed.get_by_role("button", name="Stop sharing").click()
    expect(listed).to_have_count(0)
    assert list((tmp_path / "shared").iterdir()) == []
