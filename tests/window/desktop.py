"""A screen without a monitor, and a user who moves the mouse and presses keys."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import ImageGrab

from support.terminal import command, environment

DRAG_SOURCE = Path(__file__).parent / "drag_source.py"

TITLE = "roop"


@dataclass(frozen=True, slots=True)
class Desktop:
    """A screen, and the events on it."""

    display: str
    width: int

    def xdotool(self, *words: str | int) -> str:
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            env={"DISPLAY": self.display},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.stdout.strip()

    def click(self, x: int, y: int) -> None:
        self.xdotool("mousemove", x, y, "click", 1)

    def keys(self, *keys: str) -> None:
        self.xdotool("key", *keys)

    def drop(self, x: int, y: int, *files: Path) -> None:
        """Drag files from another program to a point of the screen."""
        place = f"60x30+{self.width - 62}+2"
        words = [sys.executable, str(DRAG_SOURCE), place, *map(str, files)]
        with subprocess.Popen(words, env=environment() | {"DISPLAY": self.display}) as source:
            self.xdotool("search", "--sync", "--onlyvisible", "--class", "Source")
            time.sleep(0.3)  # the window is there, but may not listen yet
            self.xdotool("mousemove", self.width - 30, 15, "mousedown", 1)
            for _ in range(6):
                self.xdotool("mousemove_relative", "--", -8, 4)
            for distance in (30, 8, 0):
                self.xdotool("mousemove", x - distance, y - distance)
                time.sleep(0.15)
            self.xdotool("mouseup", 1)
            assert source.wait(30) == 0

    def colour(self, x: int, y: int) -> str:
        """Return the colour of a point as ``#rrggbb``."""
        shown = ImageGrab.grab((x, y, x + 1, y + 1), xdisplay=self.display).convert("RGB")
        return "#{:02x}{:02x}{:02x}".format(*shown.getpixel((0, 0)))

    def colours(self, left: int, top: int, right: int, bottom: int) -> set[str]:
        """Return the colours in a part of the screen as ``#rrggbb``."""
        shown = ImageGrab.grab((left, top, right, bottom), xdisplay=self.display).convert("RGB")
        found = shown.getcolors(shown.width * shown.height) or []
        return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in found}

    def window(self) -> str:
        """Wait for the window; return its number."""
        found = self.xdotool("search", "--sync", "--onlyvisible", "--name", f"^{TITLE}$")
        return found.splitlines()[-1]


@contextmanager
def screen(width: int = 1280, height: int = 720) -> Iterator[Desktop]:
    """Start a screen."""
    words = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24"]
    with subprocess.Popen(
        [*words, "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield Desktop(f":{server.stdout.readline().strip()}", width)
        finally:
            server.terminate()


@contextmanager
def roop_window(desktop: Desktop, home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Open the window of ``roop window`` for the user of this home."""
    own = {
        "DISPLAY": desktop.display,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_PICTURES_DIR": str(home / "Pictures"),
        "XDG_VIDEOS_DIR": str(home / "Videos"),
    }
    with subprocess.Popen(
        command("window"),
        cwd=home,
        env=environment() | own,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            desktop.window()
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
