"""The command ``roop demo``: make a sample swap and show it before and after."""

import sys
from collections.abc import Sequence
from pathlib import Path

from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.interrupts import cancel_on_signals
from roop.cli.terminal.results import print_json


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = _parser().parse(arguments)
    from roop.cli.terminal.progress import progress_bar
    from roop.demo.tour import SECONDS, run_demo

    cancel = cancel_on_signals()
    with progress_bar(enabled=not values.quiet and sys.stderr.isatty()) as watch:
        result = run_demo(values.output, watch=watch, cancel=cancel)
    if values.json:
        print_json(result)
    elif not values.quiet:
        speed = f"{result.video.frames / result.video.elapsed_s:.0f} fps"
        sys.stdout.write(
            f"{result.folder.resolve()}\n"
            f"  {result.sheet.name}  before and after: open this first\n"
            f"  {result.photo.output.name}  the swapped photo\n"
            f"  {result.video.output.name}  the swapped video, {SECONDS:g} s with sound\n"
            f"video: {speed}, {result.real_time:.1f} x real time, engine {result.video.engine}\n"
            f"show the marks in these files: roop verify {result.folder}\n"
        )
    return 0


def _parser() -> Parser:
    parser = Parser(
        "roop demo",
        "Make a sample photo and a sample video, and swap the face in both.",
        usage="roop demo [options]",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("roop-demo"),
        metavar="FOLDER",
        help="folder to write to (default: %(default)s)",
    )
    add_output_flags(parser)
    return parser
