"""How many frames a second ``roop live`` shows, and how old they are when they are shown.

A drawn-out photo with one moving face is played as a camera of 30 frames a second, at 480p, 720p
and 1080p, or as ``--size`` and ``--fps`` say, and one viewer on this machine takes every picture.
Figures depend on what else the machine does: the last column is the processor's time, which does
so less.

    uv run --group dev python benchmarks/live.py --seconds 15
"""

import argparse
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

import roop
from roop.media.video.clip import write_clip
from roop.pipeline.progress import Progress
from roop.types import Pixels

SIZES = ((640, 480), (1280, 720), (1920, 1080))


def frames(seconds: int, size: tuple[int, int], fps: int) -> Iterator[Pixels]:
    """Yield the astronaut, swaying in front of grey."""
    width, height = size
    photo = cv2.resize(skimage.data.astronaut(), (height, height), interpolation=cv2.INTER_CUBIC)
    for number in range(seconds * fps):
        picture = np.full((height, width, 3), 90, np.uint8)
        left = round((width - height) / 2 * (1 + 0.4 * np.sin(number / fps)))
        picture[:, left : left + height] = photo
        yield picture


class Viewer:
    """Looks at the page when told where it is, and takes every picture."""

    def __init__(self) -> None:
        self.bytes = 0
        self.began: float | None = None
        """Processor time when the first picture was shown: start-up does not count."""

    def __call__(self, seen: Progress) -> None:
        """Begin to look."""
        if seen.frames and self.began is None:
            self.began = time.process_time()
        if seen.note is not None and seen.note.startswith("look at "):
            page = seen.note.removeprefix("look at ")
            threading.Thread(target=self._look, args=(page,), daemon=True).start()

    def _look(self, page: str) -> None:
        with urllib.request.urlopen(page + "stream.mjpg", timeout=60) as stream:
            while data := stream.read(1 << 16):
                self.bytes += len(data)


def main() -> None:
    """Measure with and without a recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--size", help="WIDTHxHEIGHT")
    parser.add_argument("--fps", type=int, default=30)
    given = parser.parse_args()
    sizes: tuple[tuple[int, int], ...] = SIZES
    if given.size:
        width, _, height = given.size.partition("x")
        sizes = ((int(width), int(height)),)
    cv2.setNumThreads(1)
    print("| size | to | shown, fps | dropped | latency, ms: median, 95 %, 99 % | CPU ms |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source.png"
        Image.fromarray(skimage.data.astronaut()).save(source)
        for size in sizes:
            camera = folder / f"{size[1]}.mp4"
            write_clip(camera, frames(given.seconds, size, given.fps), fps=given.fps)
            for recorded in (None, folder / f"recorded{size[1]}.mp4"):
                print(measure(source, camera, recorded), flush=True)


def measure(source: Path, camera: Path, recorded: Path | None) -> str:
    """Return the row of one live swap."""
    viewer = Viewer()
    result = roop.live(
        source, input=str(camera), serve="127.0.0.1:0", record_video=recorded, watch=viewer
    )
    cpu = (time.process_time() - (viewer.began or 0)) / result.shown * 1000
    rate = result.shown / result.elapsed_s
    share = result.dropped / (result.shown + result.dropped)
    to = "one viewer" if recorded is None else "one viewer and a recording"
    now = result.statistics
    latency = ", ".join(
        f"{value or 0:.0f}" for value in (now.latency_ms, now.latency_p95_ms, now.latency_p99_ms)
    )
    return f"| {camera.stem}p | {to} | {rate:.1f} | {share:.0%} | {latency} | {cpu:.1f} |"


if __name__ == "__main__":
    main()
