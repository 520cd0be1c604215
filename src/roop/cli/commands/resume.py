"""The command ``roop resume``: go on with a job that was stopped."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.parsing.share_flags import add_share_flags, take_share_request
from roop.errors import UsageError
from roop.options import Job, Settings
from roop.processors import installed
from roop.validation import validate

if TYPE_CHECKING:
    from roop.pipeline.segments.work_folder import WorkFolder

_LIST = "see `roop jobs`"


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser("roop resume", "Go on with a job that was stopped.")
    parser.add_argument(
        "output",
        nargs="?",
        type=Path,
        metavar="OUTPUT",
        help="the file that it is to make; not needed if only one job is unfinished",
    )
    parser.add_argument("--force", action="store_true", help=Job.model_fields["force"].description)
    add_share_flags(parser)
    add_report(parser)
    values = parser.read(arguments)
    from roop.cli.commands.swap import report, work

    registry = installed()
    request = take_share_request(vars(values), Configuration.read(registry))
    about = _chosen(values.output).description()
    job = validate(Job, about.get("job", {}))
    if values.force:
        job = job.model_copy(update={"force": True})
    settings = validate(Settings, about.get("settings", {}))
    shown = not values.quiet and sys.stderr.isatty()
    result = work(job, settings, registry, show_progress=shown)
    return report(job, result, request, as_json=values.json, quiet=values.quiet)


def _chosen(output: Path | None) -> "WorkFolder":
    from roop.pipeline.segments.work_folder import WorkFolder

    if output is not None:
        found = WorkFolder.all_for(output)
        if not found:
            raise UsageError(f"nothing is unfinished of {output}", hint=_LIST)
        return found[0]
    known = [folder for folder in WorkFolder.of_user() if not folder.is_locked]
    if not known:
        raise UsageError("no job is unfinished", hint=_LIST)
    if len(known) > 1:
        raise UsageError(f"{len(known)} jobs are unfinished", hint=f"name the output; {_LIST}")
    return known[0]
