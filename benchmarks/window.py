"""How long the window takes to open, and its preview to appear and to follow.

The window opens on a screen without a monitor, which needs Xvfb and xdotool. The preview is asked
for by the same presenters without the window: a photo and a film of 720p are chosen, then other
moments of it. Each figure is the median of ``--rounds``.

    uv run --group dev python benchmarks/window.py
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import skimage.data
from PIL import Image

from live import frames
from roop.media.video.clip import write_clip
from roop.options import Settings, ShareOptions
from roop.processors import installed
from roop.terms import remember_terms
from roop.window.session import Session, WindowSetup, opened

SECONDS = 12


def seconds_to_open() -> float:
    """Return how long it takes from the start of the process until the window is on the screen."""
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as screen:
        assert screen.stdout is not None
        own = os.environ | {"DISPLAY": f":{screen.stdout.readline().strip()}"}
        begun = time.perf_counter()
        with subprocess.Popen([sys.executable, "-m", "roop", "window"], env=own) as window:
            search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "^roop$"]
            subprocess.run(search, env=own, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - begun
            window.terminate()
        screen.terminate()
    return seconds


def seconds_until(session: Session, shown: Callable[[], bool]) -> float:
    """Do what the window's thread does until something is shown; return how long it took."""
    begun = time.perf_counter()
    while not shown():
        session.tasks.mailbox.run_due()
        time.sleep(0.002)
    return time.perf_counter() - begun


def preview_seconds(photo: Path, film: Path) -> tuple[float, list[float]]:
    """Return how long the preview takes after both files, and after each of some moves in time."""
    with opened(WindowSetup(Settings(), installed(), ShareOptions(), {})) as session:

        def previewed() -> bool:
            shown = session.preview.shown.value
            return not session.preview.busy.value and shown is not None and shown.after is not None

        time.sleep(2)  # as long as somebody takes to look for the photo
        session.source.add([photo])
        session.target.choose([film])
        first = seconds_until(session, previewed)
        moves = []
        for part in (0.2, 0.7, 0.4, 0.9, 0.1):
            session.preview.scrub(part * SECONDS)
            moves.append(seconds_until(session, previewed))
    return first, moves


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"XDG_DATA_HOME": f"{folder}/data", "XDG_CONFIG_HOME": f"{folder}/config"}
        remember_terms()
        photo, film = folder / "photo.png", folder / "film.mp4"
        Image.fromarray(skimage.data.astronaut()).save(photo)
        write_clip(film, frames(SECONDS, (1280, 720), 30), fps=30)
        opening = [seconds_to_open() for _ in range(rounds + 1)][1:]  # the first fills the caches
        previews = [preview_seconds(photo, film) for _ in range(rounds)]
    print(f"the window opens        {statistics.median(opening):.2f} s")
    print(f"preview after two files {statistics.median(first for first, _ in previews):.2f} s")
    moves = [move for _, moves in previews for move in moves]
    print(f"preview after scrubbing {statistics.median(moves):.2f} s")


if __name__ == "__main__":
    main()
