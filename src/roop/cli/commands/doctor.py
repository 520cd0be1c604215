"""The command ``roop doctor``."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.results import print_json
from roop.cli.terminal.text import line
from roop.options import Settings

if TYPE_CHECKING:
    from roop.doctor import Diagnosis
    from roop.models.machine import Check

_OPTIONAL = "-"
"""Stands before what is not here and need not be."""

_MARK_WIDTH = 7
"""Columns before a name."""

_LEAST_WIDTH = 30
"""Columns that long text needs beside a name."""

_UNBROKEN = 100_000
"""Columns where no terminal tells how many it has: a file or a pipe gets whole lines."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser("roop doctor", "Say what this machine has and what is missing.")
    add_flags(parser, "machine", Settings)
    add_report(parser)
    values = vars(parser.read(arguments))
    from roop.doctor import diagnose
    from roop.processors import installed

    registry = installed()
    report = diagnose(Configuration.read(registry).settings(values), registry)
    if values["json"]:
        print_json(report)
    else:
        columns = shutil.get_terminal_size(fallback=(_UNBROKEN, 0)).columns
        sys.stdout.write("\n".join(_lines(report, columns)) + "\n")
    return 0


def _lines(report: "Diagnosis", columns: int) -> Iterable[str]:
    machine = report.machine
    memory = f"{_gb(machine.memory_free)} of {_gb(machine.memory)} memory free"
    room = f"{_gb(machine.disk_free)} free there"
    if not machine.models_writable:
        room = "not writable: choose another folder with --models or ROOP_MODELS"
    for text in (
        f"roop {report.version}, Python {machine.python}, {machine.system}",
        f"{machine.cores} cores, {memory}",
        f"models in {machine.models_folder}, {room}",
    ):
        yield from _wrapped(text, columns)
    yield from _section("engines", report.engines, columns)
    yield from _section("models", machine.models, columns)
    yield from _wrapped(
        f"{machine.models_more} more can be fetched: `roop models list`", columns, _MARK_WIDTH
    )
    yield from _section("execution providers", machine.providers, columns)
    yield from _section("video encoders", report.encoders, columns)
    yield from _section("libraries", machine.libraries, columns)
    yield ""
    yield from _wrapped(f"{_OPTIONAL} optional: everything else works without it", columns)


def _section(title: str, checks: "Sequence[Check]", columns: int) -> Iterable[str]:
    yield f"\n{title}"
    width = max((len(check.name) for check in checks), default=0)
    room = columns - _MARK_WIDTH - width - 2
    # In a narrow window text stands below its name, unless all of it is short.
    beside = room >= _LEAST_WIDTH or all(len(c.state) <= room and not c.need for c in checks)
    indent = _MARK_WIDTH + (width + 2 if beside else 0)
    for check in checks:
        mark = "yes" if check.ready else _OPTIONAL if check.optional else "NO"
        name, states = f"  {mark:3}  {check.name}", _wrapped(check.state, columns, indent)
        if beside:
            states[0] = f"{name:{indent}}{states[0][indent:]}"
        else:
            yield name
        yield from states
        if check.need:
            word = "to have it" if check.optional else "needed"
            yield from _wrapped(f"{word}: {check.need}", columns, indent)


def _wrapped(text: str, columns: int, indent: int = 0) -> list[str]:
    """Break ``text`` to lines of at most ``columns``, behind ``indent`` spaces each."""
    margin = " " * indent
    return textwrap.wrap(
        line(text),
        max(columns, _MARK_WIDTH + 1),
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
    ) or [margin]


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
