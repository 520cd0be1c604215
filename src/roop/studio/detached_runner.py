"""A runner in a process of its own: it goes on when the window is closed."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from roop.jobs.queue import Queue
from roop.options import Settings
from roop.pipeline.workers.child_process import command_of
from roop.studio.runner import Runner

_POLL_S = 1.0


def start_detached(queue: Path, settings: Settings) -> int:
    """Start a process that runs the submitted jobs of a queue, and ends after the last one.

    Args:
        queue: The queue's file.
        settings: What this machine has.

    Returns:
        The number of the process.
    """
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        alone = {"creationflags": flags}
    order = {"queue": str(queue), "settings": settings.model_dump(mode="json")}
    process = subprocess.Popen(
        command_of("roop.studio.detached_runner"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        **alone,
    )
    if process.stdin is not None:
        with process.stdin as stream:
            stream.write(json.dumps(order))
    process.returncode = 0  # nobody waits for it, and nobody has to be warned of that
    return process.pid


def main() -> None:
    """Run until no job waits."""
    order = json.loads(sys.stdin.read())
    settings = Settings.model_validate(order["settings"])
    with Queue(Path(order["queue"])) as queue, Runner(queue, settings):
        while _has_work(queue):
            time.sleep(_POLL_S)


def _has_work(queue: Queue) -> bool:
    unfinished = queue.jobs(states=("waiting", "running"))
    return any(queued.origin == "studio" for queued in unfinished)
