"""The command ``roop resume``: resume an unfinished job."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from roop.cli.parsing.configuration import Configuration
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.parsing.share_flags import add_share_flags, take_share_request
from roop.cli.terminal.text import one_line, warn
from roop.errors import UsageError
from roop.options import Job, Settings
from roop.processors import installed
from roop.validation import validate

if TYPE_CHECKING:
    from roop.pipeline.segments.work_folder import WorkFolder

_SEE_JOBS = "see `roop jobs`"


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop resume",
        "Resume an unfinished job after its last finished segment, or complete a recording.",
        usage="roop resume [OUTPUT] [options]",
    )
    parser.add_argument(
        "output",
        nargs="?",
        type=Path,
        metavar="OUTPUT",
        help="output of the job; not needed if only one job is unfinished",
    )
    parser.add_argument("--force", action="store_true", help=Job.model_fields["force"].description)
    add_share_flags(parser)
    add_output_flags(parser)
    values = parser.parse(arguments)
    from roop.cli.commands.swap import report, run_with_progress

    registry = installed()
    request = take_share_request(vars(values), Configuration.read(registry))
    folder = _find_job(values.output)
    description = folder.description()
    if "recording" in description:
        return _complete_recording(folder, force=values.force, as_json=values.json)
    job = validate(Job, description.get("job", {}))
    if values.force:
        job = job.model_copy(update={"force": True})
    settings = validate(Settings, description.get("settings", {}))
    show_progress = not values.quiet and sys.stderr.isatty()
    result = run_with_progress(job, settings, registry, show_progress=show_progress)
    return report(job, result, request, as_json=values.json, quiet=values.quiet)


def _complete_recording(folder: "WorkFolder", *, force: bool, as_json: bool) -> int:
    """Complete the recording of a live swap whose program was killed."""
    from roop.pipeline.live.recording import InterruptedRecording

    recording = InterruptedRecording(folder)
    recording.complete(warn, force=force)
    output = str(recording.output)
    sys.stdout.write(f"{json.dumps({'output': output}) if as_json else one_line(output)}\n")
    return 0


def _find_job(output: Path | None) -> "WorkFolder":
    from roop.pipeline.segments.work_folder import WorkFolder

    if output is not None:
        folders = [*WorkFolder.all_for(output), *WorkFolder.recordings_of(output)]
        if not folders:
            raise UsageError(f"there is no unfinished job for {output}", hint=_SEE_JOBS)
        return folders[0]
    idle = [folder for folder in WorkFolder.of_user() if not folder.is_locked]
    if not idle:
        raise UsageError("there is no unfinished job", hint=_SEE_JOBS)
    if len(idle) > 1:
        raise UsageError(
            f"there are {len(idle)} unfinished jobs", hint=f"name the output; {_SEE_JOBS}"
        )
    return idle[0]
