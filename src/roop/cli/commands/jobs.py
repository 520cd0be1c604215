"""The command ``roop jobs``: the queue, and what is unfinished."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.text import one_line, warn

if TYPE_CHECKING:
    from roop.jobs.queued_job import QueuedJob
    from roop.pipeline.segments.work_folder import WorkFolder

_LATEST = 20
"""Jobs that have ended of which the plain listing shows so many."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop jobs",
        "List the jobs of the queue, and unfinished ones, which `roop resume` can finish.",
        usage="roop jobs [clean] [options]",
    )
    parser.add_argument(
        "clean",
        nargs="?",
        choices=["clean"],
        metavar="clean",
        help="delete the finished segments of unfinished jobs",
    )
    parser.add_argument(
        "--all", action="store_true", help=f"list all ended jobs, not only the latest {_LATEST}"
    )
    add_output_flags(parser)
    values = parser.parse(arguments)
    from roop.jobs.queue import Queue
    from roop.pipeline.segments.work_folder import WorkFolder

    with Queue.of_user(warn) as queue:
        queued = queue.jobs()
    folders = WorkFolder.of_user()
    work = {str(folder.path): _described(folder) for folder in folders}
    if values.clean:
        for folder in folders:
            if not work[str(folder.path)]["running"]:
                folder.discard()
    jobs = _merged(queued, list(work.values()))
    if values.json:
        sys.stdout.write(json.dumps(jobs) + "\n")
    elif not values.quiet:
        shown = jobs if values.all else list(_latest(jobs))
        sys.stdout.write(_listing(shown, cleaned=bool(values.clean)))
        if len(shown) < len(jobs):
            sys.stdout.write(f"{len(jobs) - len(shown)} older jobs: roop jobs --all\n")
    return 0


def _described(folder: "WorkFolder") -> dict[str, Any]:
    """Return what a work folder says of its job."""
    description = folder.description()
    job = description.get("job", {})
    return {
        "output": str(Path(description.get("output", "?"))),
        "target": "a camera" if "recording" in description else job.get("target", "?"),
        "segments": description.get("segments", 0),
        "finished": folder.finished_count,
        "bytes": folder.size,
        "running": folder.is_locked,
        "folder": str(folder.path),
    }


def _merged(queued: "Sequence[QueuedJob]", work: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every job once: those of the queue, newest first, then those of no queue."""
    rest = list(work)
    jobs = []
    for job in map(_of_queue, queued):
        own = next((folder for folder in rest if folder["output"] == job["output"]), None)
        if own is not None:
            rest.remove(own)
        jobs.append(job | (own or {}))
    return [*jobs, *rest]


def _of_queue(queued: "QueuedJob") -> dict[str, Any]:
    return {
        "id": queued.id,
        "state": queued.state,
        "origin": queued.origin,
        "output": str(queued.job.output),
        "target": str(queued.job.target),
        "created": queued.created,
        "started": queued.started,
        "ended": queued.ended,
        "progress": queued.progress,
        "error": queued.error,
    }


def _latest(jobs: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield all that is unfinished, and the latest of what has ended."""
    ended = 0
    for job in jobs:
        if "folder" not in job and job["ended"] is not None:
            ended += 1
            if ended > _LATEST:
                continue
        yield job


def _listing(jobs: Sequence[dict[str, Any]], *, cleaned: bool) -> str:
    if not jobs:
        return "no unfinished jobs\n"
    text = ""
    for job in jobs:
        details = [_state(job)] if "id" in job else []
        if "folder" in job:
            details.append(_segments(job, cleaned=cleaned))
        text += (
            f"{one_line(job['output'])}\n  from {one_line(job['target'])}\n  {'; '.join(details)}\n"
        )
    if not cleaned and any("folder" in job for job in jobs):
        text += "to finish a job: roop resume OUTPUT; to remove all: roop jobs clean\n"
    return text


def _state(job: Mapping[str, Any]) -> str:
    text = f"{job['id']}, {job['state']}"
    if job["ended"] is not None:
        text += time.strftime(" %Y-%m-%d %H:%M", time.localtime(job["ended"]))
    elif job["state"] == "running" and (progress := job["progress"]):
        text += f", {progress['frames']} of {progress['total'] or '?'} frames"
    if job["error"]:
        text += f": {one_line(str(job['error']['message']))}"
    return text


def _segments(job: Mapping[str, Any], *, cleaned: bool) -> str:
    segments = (
        f"{job['finished']} of {job['segments']} segments" if job["segments"] else "recording"
    )
    text = f"{segments}, {job['bytes'] / 1e6:.1f} MB"
    if job["running"]:
        return f"{text}, running"
    return f"{text}, removed" if cleaned else text
