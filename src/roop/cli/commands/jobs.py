"""The command ``roop jobs``: list or remove unfinished jobs."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.text import one_line

if TYPE_CHECKING:
    from roop.pipeline.segments.work_folder import WorkFolder


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop jobs",
        "List unfinished jobs, which `roop resume` can finish.",
        usage="roop jobs [clean] [options]",
    )
    parser.add_argument(
        "clean",
        nargs="?",
        choices=["clean"],
        metavar="clean",
        help="remove these jobs: delete their finished segments",
    )
    add_output_flags(parser)
    values = parser.parse(arguments)
    from roop.pipeline.segments.work_folder import WorkFolder

    folders = WorkFolder.of_user()
    jobs = [_summary(folder) for folder in folders]
    if values.clean:
        for folder, job in zip(folders, jobs, strict=True):
            if not job["running"]:
                folder.discard()
    if values.json:
        sys.stdout.write(json.dumps(jobs) + "\n")
    elif not values.quiet:
        sys.stdout.write(_listing(jobs, cleaned=bool(values.clean)))
    return 0


def _summary(folder: "WorkFolder") -> dict[str, Any]:
    description = folder.description()
    job = description.get("job", {})
    return {
        "output": str(Path(description.get("output", "?"))),
        "target": job.get("target", "?"),
        "segments": description.get("segments", 0),
        "finished": folder.finished_count,
        "bytes": folder.size,
        "running": folder.is_locked,
        "folder": str(folder.path),
    }


def _listing(jobs: Sequence[dict[str, Any]], *, cleaned: bool) -> str:
    if not jobs:
        return "no unfinished jobs\n"
    text = ""
    for job in jobs:
        size = f"{job['bytes'] / 1e6:.1f} MB"
        state = f"{job['finished']} of {job['segments']} segments, {size}"
        if job["running"]:
            state += ", running"
        elif cleaned:
            state += ", removed"
        text += f"{one_line(job['output'])}\n  from {one_line(job['target'])}\n  {state}\n"
    if not cleaned:
        text += "to finish a job: roop resume OUTPUT; to remove all: roop jobs clean\n"
    return text
