"""The command ``roop verify``: show how a file was made."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.text import one_line
from roop.errors import MediaError

EXIT_CODES = {"tampered": 9, "unreadable": 3, "unmarked": 8, "unsigned": 7, "intact": 0}
"""The exit code of each verdict, the worst first: several files get the code of the worst."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = _parser().parse(arguments)
    from roop.provenance.search import WatermarkSearch
    from roop.provenance.verify import find_media, verify_file

    paths = list(find_media(values.files))
    if not paths:
        raise MediaError(
            f"there are no images and no videos in {', '.join(map(str, values.files))}",
            hint="name files, or folders that contain some",
        )
    search = WatermarkSearch()
    reports = []
    for path in paths:
        reports.append(verify_file(path, search))
        if not (values.json or values.quiet):
            sys.stdout.write(one_line(f"{path}: {reports[-1].summary}") + "\n")
    if values.json:
        body = json.dumps([dataclasses.asdict(r) for r in reports], default=str, ensure_ascii=False)
        sys.stdout.write(f"{body}\n")
    verdicts = {report.verdict for report in reports}
    return next((code for verdict, code in EXIT_CODES.items() if verdict in verdicts), 0)


def _parser() -> Parser:
    parser = Parser(
        "roop verify",
        "Show how files were made: whether they are marked as made with AI, whether they\n"
        "are signed, and whether they changed since.",
        usage="roop verify FILE... [options]",
        epilog="exit codes: 0 intact, 3 unreadable, 7 marked but not signed, 8 not marked,\n"
        "9 tampered with; for several files, that of the worst",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="files, or folders of files"
    )
    add_output_flags(parser)
    return parser
