"""Run every file of a folder through reader, a paste, writer and marks, and say what became of it.

    uv run --group dev python benchmarks/corpus.py FOLDER [--list]

Prints how many files were kept, converted with a line, written with something left out by a line,
refused with a line, or lost something without a line. The last should be 0; its files are named.
The files stay as they are; outputs go to a scratch folder.
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from roop.errors import RoopError
from roop.media.base import TargetInfo
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.options import Settings, VideoOptions
from roop.provenance.marks import make_marks
from roop.types import Box, Frame

VIDEO = VideoOptions(end=2)
"""Two seconds of a film show what happens to it."""

VERDICTS = ("kept", "converted", "left out", "refused", "LOST")
_LEFT_OUT = ("left out", "leaves it out", "leaves out", "only the first", "missing", "damaged")


@dataclass
class Run:
    """What became of one file."""

    verdict: str = "kept"
    lines: list[str] = field(default_factory=list)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", action="store_true", help="print a line for each file")
    options = parser.parse_args()
    table: dict[str, Counter[str]] = {}
    for path in sorted(file for file in options.folder.rglob("*") if file.is_file()):
        with tempfile.TemporaryDirectory() as scratch:
            run = run_file(path, Path(scratch))
        table.setdefault(path.suffix.lower(), Counter())[run.verdict] += 1
        if options.list or run.verdict == "LOST":
            print(f"{run.verdict:10}{path}: {'; '.join(run.lines)}", flush=True)
    _print_table(table)


def run_file(path: Path, scratch: Path) -> Run:
    """Return what became of ``path``; nothing is raised, as a traceback is a loss."""
    run = Run()
    try:
        suffix = same_format_suffix(path, VIDEO)
        output = scratch / f"output{suffix}"
        info, size = _pass(path, output, run.lines)
        run.lines = [line for line in run.lines if "no effect on it" not in line]  # of our `end`
        with open_reader(output, VideoOptions(), lambda line: None) as reader:
            lost = _losses(info, reader.info, size)
    except RoopError as error:
        run.verdict = "refused"
        run.lines.append(str(error))
        return run
    except Exception as error:  # every other error is a fault of ours
        run.verdict = "LOST"
        run.lines.append(f"{type(error).__name__}: {error}")
        return run
    if lost and not run.lines:
        run.verdict = "LOST"
        run.lines += lost
    elif any(words in line for line in run.lines for words in _LEFT_OUT):
        run.verdict = "left out"
    elif run.lines:
        run.verdict = "converted"
    return run


def _pass(target: Path, output: Path, lines: list[str]) -> tuple[TargetInfo, tuple[int, int]]:
    """Write ``target`` with a patch in its middle; return what it is and its size."""
    marks = make_marks("mesh", (), Settings(), lines.append)
    with (
        open_reader(target, VIDEO, lines.append, output=output) as reader,
        open_writer(output, reader, VIDEO, force=True, warn=lines.append, marks=marks) as writer,
    ):
        for frame in reader:
            _paste(frame)
            writer.write(frame)
    return reader.info, reader.info.size


def _paste(frame: Frame) -> None:
    """Change a quarter of the frame, as a face would."""
    width, height = frame.size
    box = Box(width // 4, height // 4, max(width // 4 + 1, width // 2), max(1, height // 2))
    box = box.clipped(frame.size)
    if box.width > 1 and box.height > 1:
        pixels = np.ascontiguousarray(frame.crop(box)[:, ::-1])
        frame.paste(box, pixels, np.full(pixels.shape[:2], 255, np.uint8))


def _losses(before: TargetInfo, after: TargetInfo, size: tuple[int, int]) -> list[str]:
    lost = []
    if before.kind != after.kind:
        lost.append(f"a {before.kind} became a {after.kind}")
    if after.size != size:
        lost.append(f"{size} became {after.size}")
    if ";16" in before.pixel_format and ";16" not in after.pixel_format:
        lost.append(f"{before.pixel_format} became {after.pixel_format}")
    return lost


def _print_table(table: dict[str, Counter[str]]) -> None:
    print(f"{'':12}" + "".join(f"{verdict:>11}" for verdict in VERDICTS))
    total: Counter[str] = Counter()
    for suffix, counts in sorted(table.items()):
        total += counts
        print(f"{suffix or '(none)':12}" + "".join(f"{counts[v]:11}" for v in VERDICTS))
    print(f"{'all':12}" + "".join(f"{total[v]:11}" for v in VERDICTS))


if __name__ == "__main__":
    main()
