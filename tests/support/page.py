"""Somebody who uses the page: drops files, looks, and never sees an error that is none."""

import base64
import json
import mimetypes
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from support.films import elder_at
from support.server import Json, Server
from support.terminal import command, environment

WAIT_MS = 60_000
"""How long the page may take for anything."""

CAMERA_FRAMES = 10
"""Pictures that the browser's camera repeats."""

_DROP = """
async (element, { data, name, type }) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
  }
}
"""


def verdict(path: Path) -> str:
    """Return what ``roop verify`` says of a file that was saved from the page."""
    told = subprocess.run(
        command("verify", "--json", path), env=environment(), capture_output=True, text=True
    )
    found: str = json.loads(told.stdout)[0]["verdict"]
    return found


def camera_picture(number: int) -> Image.Image:
    """Return one picture of the browser's camera."""
    return Image.fromarray(np.asarray(elder_at(160 + number))).resize((640, 480))


class Visit:
    """One person's visit.

    Args:
        page: An empty page of a browser.
        server: Whose page is opened.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.refusals_expected = False
        """Chromium reports every answer above 399 as an error of the page."""
        self._address = server.address
        self._problems: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._problems.append(str(error)))
        page.on("request", self._on_request)

    def open(self) -> None:
        self.page.goto(self._address)
        expect(self.page.get_by_role("button", name="Swap", exact=True)).to_be_visible()

    def drop(self, place: Locator, file: Path) -> None:
        """Drop a file as the file manager does."""
        data = base64.b64encode(file.read_bytes()).decode()
        kind = mimetypes.guess_type(file.name)[0] or ""
        place.evaluate(_DROP, {"data": data, "name": file.name, "type": kind})

    def drop_face(self, file: Path) -> None:
        self.drop(self.page.locator("roop-source .drop"), file)

    def drop_target(self, file: Path) -> None:
        self.drop(self.page.locator("roop-target"), file)

    def drag(self, place: Locator, pixels: int) -> None:
        """Press the mouse in the middle of a place, and release it so far to the right."""
        box = place.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + pixels, y, steps=4)
        self.page.mouse.up()

    def wait_for_preview(self) -> None:
        expect(self.after).to_be_visible()
        expect(self.page.get_by_text("Making the preview")).to_have_count(0)

    @property
    def after(self) -> Locator:
        return self.page.locator("roop-target").get_by_role("img", name="After")

    @property
    def job(self) -> Locator:
        """The newest job's card."""
        return self.page.locator("roop-jobs article").first

    def swap(self) -> None:
        self.page.get_by_role("button", name="Swap", exact=True).click()

    def wait_for_state(self, state: str) -> None:
        badge = self.job.locator(".badge")
        expect(badge).to_have_text(state)

    def newest_job(self) -> Json:
        found: Json = self.server.client.get("/jobs").json()["items"][0]
        return found

    def check(self) -> None:
        """Fail if the page did what nobody wants."""
        assert not self._problems, self._problems

    def _on_console(self, message: ConsoleMessage) -> None:
        answered = message.text.startswith("Failed to load resource") and any(
            code in message.text for code in ("409", "422")
        )
        if message.type in ("error", "warning") and not (answered and self.refusals_expected):
            self._problems.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        own = urlsplit(self._address).netloc
        if parts.scheme not in ("blob", "data") and parts.netloc != own:
            self._problems.append(f"asked another host: {request.url}")
