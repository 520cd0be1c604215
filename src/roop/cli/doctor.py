"""The command ``roop doctor``."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from roop.cli.flags import add_flags, taken
from roop.cli.parser import Parser, add_report
from roop.options import Settings

if TYPE_CHECKING:
    from roop.doctor import Finding, Report


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser("roop doctor", "Say what this machine has and what is missing.")
    add_flags(parser, "machine", Settings)
    add_report(parser)
    values = vars(parser.read(arguments))
    from roop.doctor import examine
    from roop.processors import installed

    report = examine(Settings.model_validate(taken(values, Settings)), installed())
    if values["json"]:
        body = json.dumps(dataclasses.asdict(report), default=str, ensure_ascii=False)
        sys.stdout.write(f"{body}\n")
    else:
        sys.stdout.write("\n".join(_lines(report)) + "\n")
    return 0


def _lines(report: "Report") -> Iterable[str]:
    yield f"roop {report.version}, Python {report.python}, {report.system}"
    memory = f"{report.memory_free_mb} of {report.memory_mb} MB memory free"
    yield f"{report.cores} cores, {memory}, {report.disk_free_mb} MB disk free here"
    for title, findings in report.sections.items():
        yield f"\n{title}"
        yield from _table(findings)


def _table(findings: "Sequence[Finding]") -> Iterable[str]:
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        yield f"  {finding.state:9}  {finding.name:{width}}  {finding.about}"
        if finding.remedy:
            yield f"  {'':9}  {'':{width}}  {finding.remedy}"
