"""A browser that shows the page of a server of its own, and reports whatever goes wrong in it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from support.page import CAMERA_FRAMES, WAIT_MS, Visit, camera_picture
from support.server import Server, running

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("page-server")) as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, before whose camera somebody sits."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: install Debian's package chromium")
    film = tmp_path_factory.mktemp("camera") / "face.mjpeg"
    _write_camera(film)
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def _write_camera(path: Path) -> None:
    with path.open("wb") as film:
        for number in range(CAMERA_FRAMES):
            camera_picture(number).save(film, "JPEG", quality=92)


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """Somebody who opens the page for the first time."""
    for job in server.client.get("/jobs").json()["items"]:
        server.client.delete(f"/jobs/{job['id']}")
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["camera"], accept_downloads=True
    )
    visit = Visit(context.new_page(), server)
    visit.open()
    yield visit
    context.close()
    visit.check()
