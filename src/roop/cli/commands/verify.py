"""The command ``roop verify``."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.text import line
from roop.errors import MediaError

EXIT_CODES = {"tampered": 9, "unreadable": 3, "unmarked": 8, "unsigned": 7, "intact": 0}
"""By verdict, the gravest first: that of several files is the code of the gravest."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    values = _parser().read(arguments)
    from roop.provenance.search import WatermarkSearch
    from roop.provenance.verify import find_media, verify_file

    paths = list(find_media(values.files))
    if not paths:
        raise MediaError(
            f"there are no pictures and no films in {', '.join(map(str, values.files))}",
            hint="name files, or folders that hold some",
        )
    search = WatermarkSearch()
    reports = []
    for path in paths:
        reports.append(verify_file(path, search))
        if not (values.json or values.quiet):
            sys.stdout.write(line(f"{path}: {reports[-1].summary}") + "\n")
    if values.json:
        body = json.dumps([dataclasses.asdict(r) for r in reports], default=str, ensure_ascii=False)
        sys.stdout.write(f"{body}\n")
    found = {report.verdict for report in reports}
    return next((code for verdict, code in EXIT_CODES.items() if verdict in found), 0)


def _parser() -> Parser:
    parser = Parser(
        "roop verify",
        "Say what files tell of how they were made: signed or not, changed since or not.",
        epilog="exit codes: 0 all intact, 3 unreadable, 7 marked but not signed, 8 no marks, "
        "9 tampered with;\nof several files the gravest",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="files, or folders of them"
    )
    add_report(parser)
    return parser
