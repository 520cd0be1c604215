"""How long the page of ``roop serve`` takes to show a preview, and how fast its camera is.

A server and Chromium run on this machine: both count. The target is the demo's video (720p), the
camera a film of 640 x 480 at 30 frames a second. The first round meets a server that has just
started, the others a warm one.

    uv run --group dev python benchmarks/page.py --rounds 3 --seconds 15
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

SCRUBS = 5
"""Other moments of the video that are shown in each round."""

WAIT_MS = 60_000


def main() -> None:
    """Measure previews, then the camera."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=15, help="of the camera")
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        roop = [sys.executable, "-m", "roop"]
        subprocess.run([*roop, "demo", "--output", place, "--quiet"], check=True)
        face = place / "face.png"
        cv2.imwrite(str(face), cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))
        film = _write_film(place / "camera.mjpeg")
        serve = [*roop, "serve", "--port", "0", "--accept-terms"]
        environment = os.environ | {"XDG_DATA_HOME": folder}
        with subprocess.Popen(
            serve, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            try:
                _measure(address, face, place / "video-before.mp4", film, options)
            finally:
                server.terminate()


def _measure(
    address: str, face: Path, target: Path, film: Path, options: argparse.Namespace
) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for number in range(options.rounds):
            first, scrubs = _previews(browser, address, face, target)
            print(
                f"round {number + 1}: preview {first:.2f} s after the second drop, "
                f"{statistics.median(scrubs):.2f} s after scrubbing (longest {max(scrubs):.2f} s)"
            )
        _camera(browser, address, face, options.seconds)
        browser.close()


def _open(browser: Browser, address: str, face: Path) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["camera"])
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Drop a photo of a face").set_input_files(face)
    expect(page.get_by_text("Face found")).to_be_visible()
    return context, page


def _previews(
    browser: Browser, address: str, face: Path, target: Path
) -> tuple[float, list[float]]:
    """Return the seconds to the first preview, and to those of other moments."""
    context, page = _open(browser, address, face)
    after = page.locator("roop-target .layer.after img")
    began = time.perf_counter()
    page.locator("roop-target input[type=file]").set_input_files(target)
    expect(after).to_be_visible()
    first = time.perf_counter() - began
    expect(page.get_by_text("Looking for people")).to_have_count(0)
    expect(page.get_by_text("Making the preview")).to_have_count(0)
    slider = page.get_by_role("slider", name="Time of the preview")
    scrubs = []
    for number in range(SCRUBS):
        page.wait_for_timeout(1500)  # thumbnails and faces of the moment before are there
        before = after.get_attribute("src") or ""
        began = time.perf_counter()
        slider.fill(str(0.35 + 0.7 * number))
        expect(after).not_to_have_attribute("src", before)
        scrubs.append(time.perf_counter() - began)
    context.close()
    return first, scrubs


def _camera(browser: Browser, address: str, face: Path, seconds: int) -> None:
    context, page = _open(browser, address, face)
    page.get_by_role("button", name="Camera", exact=True).click()
    page.get_by_role("button", name="Start the camera").click()
    figures = page.locator("roop-camera .facts")
    expect(figures).to_have_text(re.compile("fps"))
    page.wait_for_timeout(3000)  # until the rate, which is that of two seconds, has settled
    rates, latencies = [], []
    for _ in range(seconds * 4):
        page.wait_for_timeout(250)
        rate, latency = map(int, re.findall(r"\d+", figures.inner_text()))
        rates.append(rate)
        latencies.append(latency)
    print(
        f"camera: {statistics.median(rates):.0f} fps, {statistics.median(latencies):.0f} ms, "
        f"95 % {np.percentile(latencies, 95):.0f} ms"
    )
    context.close()


def _write_film(path: Path) -> Path:
    """Write what the camera sees: the astronaut, swaying."""
    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)[:384]
    with path.open("wb") as film:
        for number in range(60):
            picture = np.full((480, 640, 3), 90, np.uint8)
            left = round(64 + 40 * np.sin(number * np.pi / 30))
            picture[48:432, left : left + 512] = photo
            film.write(cv2.imencode(".jpg", picture)[1].tobytes())
    return path


if __name__ == "__main__":
    main()
