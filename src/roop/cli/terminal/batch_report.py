"""Report the outcome of a batch: as a table, as JSON, as an exit code."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.terminal.errors import exit_code, flag_style
from roop.cli.terminal.interrupts import CANCELLED
from roop.cli.terminal.results import counts
from roop.cli.terminal.sharing import ShareOutcome
from roop.cli.terminal.text import one_line, warn
from roop.errors import RoopError, UsageError

if TYPE_CHECKING:
    from roop.jobs.batch import Report

Shares = Mapping[Path, ShareOutcome]
"""What came of sharing, by output; empty if it was not asked for."""

_OUTCOMES = ("done", "skipped", "elsewhere", "failed", "cancelled")


def table_row(report: "Report", shares: Shares) -> str:
    """Return the row of the table for one job, and a row with its address if it was shared."""
    detail, _ = message_and_hint(report)
    if report.result is not None:
        detail = f"{counts(report.result)}, {report.result.elapsed_s:.1f} s"
    text = one_line(f"{report.outcome:9}  {report.output}  {detail}") + "\n"
    share = shares.get(report.output)
    if share is None or share.shared is None:
        return text
    return text + one_line(f"{'':9}  {share.shared.address}") + "\n"


def message_and_hint(report: "Report") -> tuple[str, str | None]:
    """Return the message and the hint of a report, with options written as flags."""
    return report.error.written(flag_style) if report.error else (report.message, report.hint)


def print_reports(
    reports: "Sequence[Report]", shares: Shares, *, as_json: bool, quiet: bool, rows_printed: bool
) -> None:
    """Print the outcome of a batch.

    Args:
        reports: One for each job.
        shares: The result of sharing, by output.
        as_json: Print a JSON object instead of a table.
        quiet: Print warnings and hints only.
        rows_printed: The rows of the table were printed one by one as the jobs ended.
    """
    for report in reports:
        for text in report.result.warnings if report.result else ():
            warn(f"{report.output}: {text}")
    for share in shares.values():
        if share.error:
            warn(f"{share.file} is not shared: {share.error.written(flag_style)[0]}")
    if as_json:
        sys.stdout.write(json.dumps(_body(reports, shares), default=str, ensure_ascii=False) + "\n")
        return
    if not (quiet or rows_printed):
        sys.stdout.write("".join(table_row(report, shares) for report in reports))
    if not quiet:
        totals = [(outcome, sum(r.outcome == outcome for r in reports)) for outcome in _OUTCOMES]
        parts = [f"{count} {outcome}" for outcome, count in totals if count]
        sys.stdout.write((", ".join(parts) or "nothing to do") + "\n")
        sys.stdout.flush()
    hints = [message_and_hint(report)[1] for report in reports]
    hints += [share.error.written(flag_style)[1] for share in shares.values() if share.error]
    for hint in dict.fromkeys(hint for hint in hints if hint):
        sys.stderr.write(f"hint: {one_line(hint)}\n")


def _body(reports: "Sequence[Report]", shares: Shares) -> dict[str, Any]:
    """Return the reports as plain data."""
    items = []
    for report in reports:
        result = dataclasses.asdict(report.result) if report.result else None
        message, hint = message_and_hint(report)
        share = shares.get(report.output)
        items.append(
            {
                "sources": report.sources,
                "target": report.target,
                "output": report.output,
                "outcome": report.outcome,
                "code": report.code,
                "message": message or None,
                "hint": hint,
                "result": result,
                **(share.for_job_result() if share else {}),
            }
        )
    return {"items": items}


def check_report_path(path: Path) -> None:
    """Check that writing a report to ``path`` overwrites nothing but an earlier report.

    Raises:
        UsageError: The file is not a report.
    """
    try:
        is_report = "items" in json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError):
        is_report = False
    if not is_report:
        raise UsageError(
            f"{path} exists and is not a report", hint="name another file with --report"
        )


def write_report(path: Path, reports: "Sequence[Report]", shares: Shares) -> None:
    """Write the reports as JSON.

    Raises:
        MediaError: The file cannot be written.
    """
    from roop.media.files.disk import writing
    from roop.media.files.output_file import OutputFile

    with OutputFile(path, force=True) as file, writing(path, file.part):
        text = json.dumps(_body(reports, shares), indent=2, default=str, ensure_ascii=False)
        file.part.write_text(f"{text}\n", encoding="utf-8")


def batch_exit_code(reports: "Sequence[Report]", shares: Shares) -> int:
    """Return the exit code of a batch."""
    codes = {exit_code(report.error) for report in reports if report.error is not None}
    codes |= {share.exit_code for share in shares.values() if share.error}
    if CANCELLED in codes or any(report.outcome == "cancelled" for report in reports):
        return CANCELLED
    if len(codes) > 1:
        return exit_code(RoopError("several kinds of failures"))
    return codes.pop() if codes else 0
