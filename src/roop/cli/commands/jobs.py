"""The command ``roop jobs``: what is unfinished."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.text import line

if TYPE_CHECKING:
    from roop.pipeline.segments.work_folder import WorkFolder


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser("roop jobs", "List the jobs that were stopped and can go on.")
    parser.add_argument(
        "clean",
        nargs="?",
        choices=["clean"],
        metavar="clean",
        help="remove what they have finished so far",
    )
    add_report(parser)
    values = parser.read(arguments)
    from roop.pipeline.segments.work_folder import WorkFolder

    folders = WorkFolder.of_user()
    jobs = [_described(folder) for folder in folders]
    if values.clean:
        for folder, job in zip(folders, jobs, strict=True):
            if not job["running"]:
                folder.discard()
    if values.json:
        sys.stdout.write(json.dumps(jobs) + "\n")
    elif not values.quiet:
        sys.stdout.write(_listing(jobs, cleaned=bool(values.clean)))
    return 0


def _described(folder: "WorkFolder") -> dict[str, Any]:
    about = folder.description()
    job = about.get("job", {})
    return {
        "output": str(Path(about.get("output", "?"))),
        "target": job.get("target", "?"),
        "segments": about.get("segments", 0),
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
            state += ", at work now"
        elif cleaned:
            state += ", removed"
        text += f"{line(job['output'])}\n  from {line(job['target'])}\n  {state}\n"
    if not cleaned:
        text += "go on: roop resume OUTPUT; remove: roop jobs clean\n"
    return text
