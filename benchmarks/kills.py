"""Kills swaps, batches and live recordings at random moments, and finishes what they left.

    uv run --group dev python benchmarks/kills.py                   20 kills of each
    uv run --group dev python benchmarks/kills.py --kills 3 --only live --seed 7

After a kill the same command (for a recording, `roop resume`) must finish, every output must be
intact for `roop verify`, and nothing else may be left. What is wrong is printed, and ends it with
exit code 1.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcode import make_clip, portrait

SIZE = (320, 240)
"""Of the clips, pixels."""

LONG_S, SHORT_S = 32.0, 2.0
"""Seconds of a clip of two segments, and of one in one piece."""

LATEST = 1.1
"""The latest kill, in parts of the time that takes a run that is not killed."""


@dataclass(frozen=True)
class Case:
    """A command to kill."""

    command: list[str]
    finish: Callable[[Path], list[str] | None]
    """Returns the command that finishes what is in the folder; None if nothing is left to do."""
    frames: int | None
    """That each output must have; None if that depends on the kill."""


def main() -> None:
    """Read the command line, kill, and print a tally."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=20, help="of each kind")
    parser.add_argument("--only", choices=["swap", "batch", "live"], help="one kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name)
        for kind, case in _cases(inputs).items():
            if arguments.only in (None, kind):
                faults += _kill_often(kind, case, arguments.kills, random.Random(arguments.seed))
    sys.exit(bool(faults))


def _cases(inputs: Path) -> dict[str, Case]:
    face = portrait(inputs / "face.jpg")
    film = make_clip(inputs / "film.mp4", SIZE, LONG_S)
    clips = inputs / "clips"
    clips.mkdir()
    for number in range(3):
        make_clip(clips / f"{number}.mp4", SIZE, SHORT_S)
    swap = ["swap", "-s", str(face), "-t", str(film), "-o", "out.mp4"]
    batch = ["batch", "-s", str(face), "-t", str(clips), "-o", "out"]
    live = ["live", "-s", str(face), "--input", str(clips / "0.mp4"), "--serve", "none"]
    live = [*live, "--record-video", "recorded.mp4"]
    return {
        "swap": Case(swap, _unless("out.mp4", swap), round(LONG_S * 30)),
        "batch": Case(batch, lambda folder: batch, round(SHORT_S * 30)),
        "live": Case(live, _unless("recorded.mp4", ["resume", "recorded.mp4"]), None),
    }


def _unless(output: str, command: list[str]) -> Callable[[Path], list[str] | None]:
    return lambda folder: None if (folder / output).exists() else command


def _kill_often(kind: str, case: Case, kills: int, chance: random.Random) -> int:
    """Print what came of the kills; return how many went wrong."""
    with tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        _roop(case.command, Path(name)).wait()
        whole_s = time.monotonic() - began
    tally: Counter[str] = Counter()
    for number in range(kills):
        with tempfile.TemporaryDirectory() as name:
            after_s = chance.uniform(0, LATEST * whole_s)
            left, wrong = _kill(case, Path(name), after_s)
        tally[left] += 1
        for line in wrong:
            tally["wrong"] += 1
            print(f"{kind}, kill {number} after {after_s:.2f} s: {line}", flush=True)
    print(f"{kind}: {kills} kills within {whole_s:.1f} s:", dict(tally), flush=True)
    return tally["wrong"]


def _kill(case: Case, folder: Path, after_s: float) -> tuple[str, list[str]]:
    """Kill a command and finish it; return what the kill had left, and what is wrong then."""
    process = _roop(case.command, folder)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    time.sleep(1)  # processes that do jobs see that their parent is gone
    left = _left(folder)
    finish = case.finish(folder)
    said = ""
    if finish is not None:
        ended = _roop(finish, folder)
        said = ended.communicate()[1]
        nothing = "nothing of" in said or "no unfinished job" in said
        if ended.returncode and not (case.frames is None and nothing):
            return left, [f"{finish[0]} ended with {ended.returncode}: {said.strip()}"]
    return left, [*_wrong_outputs(case, folder), *_strays(folder)]


def _left(folder: Path) -> str:
    names = {path.name for path in folder.rglob("*")}
    if any(name.startswith(".roop-work") for name in names):
        return "could be resumed"
    if any(name.startswith(".roop") for name in names):
        return "left a hidden file"
    return "left whole outputs" if names else "left nothing"


def _wrong_outputs(case: Case, folder: Path) -> list[str]:
    outputs = [p for p in folder.rglob("*.mp4") if not p.name.startswith(".")]
    if not outputs:
        return [] if case.frames is None else ["there is no output"]
    verify = _roop(["verify", "--json", *map(str, outputs)], folder)
    reports = json.loads(verify.communicate()[0])
    wrong = [f"{r['path']} is {r['verdict']}" for r in reports if r["verdict"] != "intact"]
    if case.frames is not None:
        wrong += [
            f"{path} has {n} frames" for path in outputs if (n := _frames(path)) != case.frames
        ]
    return wrong


def _frames(path: Path) -> int:
    import av

    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def _strays(folder: Path) -> list[str]:
    return [f"{p.name} is left" for p in folder.rglob(".*")]


def _roop(words: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    extra = ["--accept-terms"] if words[0] in ("swap", "batch", "live") else []
    return subprocess.Popen(
        [sys.executable, "-m", "roop", *words, *extra],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
