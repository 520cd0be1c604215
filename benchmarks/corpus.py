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

import av
import numpy as np
from pi_heif import register_heif_opener
from PIL import Image

from fidelity import PARTIAL, differences, film_facts, kept_streams, picture_facts
from roop.errors import RoopError
from roop.media.files.quiet import quiet_libraries
from roop.media.formats.image_files import ignore_warnings, image_format
from roop.media.open import open_reader, open_writer, same_format_suffix
from roop.options import Settings, VideoOptions
from roop.provenance.marks import make_marks
from roop.types import Box, Frame

LONGEST_S, LARGEST = 12, 6_000_000
"""Seconds and bytes of a film up to which all of it is written."""

BEGINNING_S = 2
"""Seconds that are written of a longer one; they show most of what happens to it."""

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
    register_heif_opener()
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
        end = _end(path)
        video = VideoOptions(end=end)
        output = scratch / f"output{same_format_suffix(path, video)}"
        kind = _pass(path, output, video, run.lines)
        lost = _losses(path, output, kind, end, run.lines)
    except RoopError as error:
        run.verdict = "refused"
        run.lines.append(str(error))
        return run
    except Exception as error:  # every other error is a fault of ours
        run.verdict = "LOST"
        run.lines.append(f"{type(error).__name__}: {error}")
        return run
    if lost:
        run.verdict = "LOST"
        run.lines = [*lost, *(f"(said: {line})" for line in run.lines)]
    elif any(words in line for line in run.lines for words in _LEFT_OUT):
        run.verdict = "left out"
    elif run.lines:
        run.verdict = "converted"
    return run


def _end(path: Path) -> float | None:
    """Return the seconds to write of a film, None to write all of it or if it is none."""
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            seconds = (container.duration or 0) / av.time_base
            film = bool(container.streams.video) and not image_format(path)
    except (av.FFmpegError, ValueError, RoopError):
        return None
    short = seconds <= LONGEST_S and path.stat().st_size <= LARGEST
    return None if short or not film else BEGINNING_S


def _pass(target: Path, output: Path, video: VideoOptions, lines: list[str]) -> str:
    """Write ``target`` with a patch in its middle; return its kind."""
    marks = make_marks("mesh", (), Settings(), lines.append)
    with (
        open_reader(target, video, lines.append, output=output) as reader,
        open_writer(output, reader, video, force=True, warn=lines.append, marks=marks) as writer,
    ):
        for frame in reader:
            _paste(frame)
            writer.write(frame)
    if reader.damaged:
        lines.append(f"{reader.damaged} damaged frames are left out")
    return reader.info.kind


def _paste(frame: Frame) -> None:
    """Change a quarter of the frame, as a face would."""
    width, height = frame.size
    box = Box(width // 4, height // 4, max(width // 4 + 1, width // 2), max(1, height // 2))
    box = box.clipped(frame.size)
    if box.width > 1 and box.height > 1:
        pixels = np.ascontiguousarray(frame.crop(box)[:, ::-1])
        frame.paste(box, pixels, np.full(pixels.shape[:2], 255, np.uint8))


def _losses(
    target: Path, output: Path, kind: str, end: float | None, lines: list[str]
) -> list[str]:
    if kind == "video":
        before = film_facts(target, end)
        after = film_facts(output, end, kept_streams(target, lines))
    else:
        with quiet_libraries(), ignore_warnings():
            try:
                before = picture_facts(target)
            except Image.DecompressionBombError:
                return []  # Pillow reads nothing of it
            except (OSError, SyntaxError, ValueError, TypeError, IndexError) as error:
                said = any(word in line for line in lines for word in (*PARTIAL, "pages or frames"))
                return [] if said else [f"damaged, by Pillow: {error}"]
            after = picture_facts(output)
    return differences(before, after, lines)


def _print_table(table: dict[str, Counter[str]]) -> None:
    print(f"{'':12}" + "".join(f"{verdict:>11}" for verdict in VERDICTS))
    total: Counter[str] = Counter()
    for suffix, counts in sorted(table.items()):
        total += counts
        print(f"{suffix or '(none)':12}" + "".join(f"{counts[v]:11}" for v in VERDICTS))
    print(f"{'all':12}" + "".join(f"{total[v]:11}" for v in VERDICTS))


if __name__ == "__main__":
    main()
