"""Check a built program: swap and verify the demo's photo and video, run two workers, and serve.

    python packaging/check.py build/bundle/dist/roop/roop

The program runs with an empty home folder and, where Linux allows that, without a network. The
Python that runs this script needs roop: its demo makes the long video.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from roop.demo.clip import FPS, video_frames
from roop.demo.portraits import astronaut, officer
from roop.media.video.clip import write_clip

LONG_S = 45
"""Length of a video that two workers share, seconds."""

CHILD_FLAG = "--roop-child"


def main(program: Path) -> None:
    """Run every check; exit at the first that fails."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        roop = Program(program.resolve(), scratch)
        roop("--version")
        report = json.loads(roop("doctor", "--json"))
        (mesh,) = (engine for engine in report["engines"] if engine["name"] == "mesh")
        expect(mesh["ready"], f"the engine mesh is ready: {mesh}")
        roop("demo", "--output", "demo")
        for made in ("photo-after.png", "video-after.mp4", "before-after.png"):
            roop("verify", f"demo/{made}")  # exits with 0 only if the signature is intact
            report_line(f"{made} is swapped and verified")
        write_long_video(scratch / "long.mp4")
        workers = roop.workers_of(
            "swap", "--accept-terms", "--source", astronaut().path, "--target", "long.mp4",
            "--output", "long-swapped.mp4", "--workers", "2",
        )  # fmt: skip
        expect(workers == 2, f"two workers share a long video ({workers} seen)")
        roop("verify", "long-swapped.mp4")
        expect(roop.serves_its_page(), "roop serve answers with its page")
        refused = subprocess.run(
            [program, CHILD_FLAG, "os"], capture_output=True, check=False, timeout=60
        )
        expect(refused.returncode != 0, "other modules cannot be started")
    report_line("all checks passed")


class Program:
    """The built program, run with an empty home folder."""

    def __init__(self, path: Path, scratch: Path) -> None:
        self._scratch = scratch
        self._stdout, self._stderr = scratch / "stdout.txt", scratch / "stderr.txt"
        self._command = [*without_network(), str(path)]
        kept = ("SYSTEMROOT", "TEMP", "TMP", "LANG")
        home = str(scratch / "home")
        self._environment = {name: os.environ[name] for name in kept if name in os.environ}
        self._environment |= {"HOME": home, "USERPROFILE": home, "LOCALAPPDATA": home}

    def __call__(self, *arguments: str | Path) -> str:
        """Run a command that must succeed and return its output."""
        return self._finish(self._start(self._command, arguments), arguments)

    def workers_of(self, *arguments: str | Path) -> int:
        """Run a command and return the largest number of workers at a time."""
        process, most = self._start(self._command, arguments), 0
        while process.poll() is None:
            most = max(most, sum(map(is_worker, children_of(process.pid))))
            time.sleep(0.2)
        self._finish(process, arguments)
        return most

    def serves_its_page(self) -> bool:
        """Start the server, fetch its page, and stop it."""
        program = self._command[-1:]  # a machine without a network has no loopback either
        arguments = ("serve", "--port", "0", "--accept-terms")
        process = self._start(program, arguments)
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                printed = self._stdout.read_text(encoding="utf-8", errors="replace")
                if address := re.search(r"http://127\.0\.0\.1:\d+", printed):
                    with urllib.request.urlopen(address[0] + "/", timeout=30) as answer:
                        return b"<title>" in answer.read()
                time.sleep(0.2)
            return False
        finally:
            process.terminate()
            process.wait(timeout=60)

    def _start(
        self, program: list[str], arguments: tuple[str | Path, ...]
    ) -> "subprocess.Popen[str]":
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            return subprocess.Popen(
                [*program, *map(str, arguments)],
                cwd=self._scratch,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                text=True,
            )

    def _finish(self, process: "subprocess.Popen[str]", arguments: tuple[str | Path, ...]) -> str:
        code = process.wait(timeout=600)
        printed = self._stdout.read_text(encoding="utf-8", errors="replace")
        errors = self._stderr.read_text(encoding="utf-8", errors="replace")
        expect(code == 0, f"roop {' '.join(map(str, arguments))}: {code}\n{printed}{errors}")
        return printed


def children_of(pid: int) -> list[psutil.Process]:
    """Return the descendants of ``pid``, none if it has ended."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def is_worker(process: psutil.Process) -> bool:
    """Tell whether ``process`` is a worker of the program."""
    try:
        return CHILD_FLAG in process.cmdline()
    except psutil.Error:
        return False


def without_network() -> list[str]:
    """Return the command prefix that takes the network away, empty where that is not allowed."""
    prefix = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*prefix, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        report_line("note: cannot take the network away here")
        return []
    return prefix


def write_long_video(path: Path) -> None:
    """Write a small video of a face, long enough for two workers."""
    photo = officer()
    pixels = np.asarray(Image.open(photo.path).convert("RGB"))
    frames = (frame[::2, ::2].copy() for frame in video_frames(pixels, photo.head, seconds=LONG_S))
    write_clip(path, frames, fps=FPS)


def expect(holds: bool, what: str) -> None:
    """Exit with one line unless ``holds``.

    Raises:
        SystemExit: ``holds`` is false.
    """
    if not holds:
        raise SystemExit(f"error: not as expected: {what}")


def report_line(text: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
