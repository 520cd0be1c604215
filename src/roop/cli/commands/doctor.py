"""The command ``roop doctor``."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.flags import add_flags
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.results import print_json
from roop.options import Settings

if TYPE_CHECKING:
    from roop.doctor import Diagnosis
    from roop.models.machine import Check

_OPTIONAL = "-"
"""Stands before what is not here and need not be."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser("roop doctor", "Say what this machine has and what is missing.")
    add_flags(parser, "machine", Settings)
    add_report(parser)
    values = vars(parser.read(arguments))
    from roop.doctor import examine
    from roop.processors import installed

    registry = installed()
    report = examine(Configuration.read(registry).settings(values), registry)
    if values["json"]:
        print_json(report)
    else:
        sys.stdout.write("\n".join(_lines(report)) + "\n")
    return 0


def _lines(report: "Diagnosis") -> Iterable[str]:
    machine = report.machine
    yield f"roop {report.version}, Python {machine.python}, {machine.system}"
    memory = f"{_gb(machine.memory_free)} of {_gb(machine.memory)} memory free"
    yield f"{machine.cores} cores, {memory}"
    yield f"models in {machine.models_folder}, {_gb(machine.disk_free)} free there"
    yield from _section("engines", report.engines)
    yield from _section("models", (machine.embedded, *machine.models))
    yield f"       {machine.models_more} more can be fetched: `roop models list`"
    yield from _section("execution providers", machine.providers)
    yield from _section("video encoders", report.encoders)
    yield from _section("libraries", machine.libraries)
    yield f"\n{_OPTIONAL} optional: everything else works without it"


def _section(title: str, checks: "Sequence[Check]") -> Iterable[str]:
    yield f"\n{title}"
    width = max((len(check.name) for check in checks), default=0)
    for check in checks:
        mark = "yes" if check.ready else _OPTIONAL if check.optional else "NO"
        yield f"  {mark:3}  {check.name:{width}}  {check.state}"
        if check.need:
            word = "to have it" if check.optional else "needed"
            yield f"       {'':{width}}  {word}: {check.need}"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
