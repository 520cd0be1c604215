"""The jobs of the queue: their progress, and what can be done with them."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from roop.errors import RoopError, UsageError
from roop.jobs.queue import Changes, Queue
from roop.jobs.queued_job import QueuedJob, State
from roop.window.observable import Observable
from roop.window.selection import Line
from roop.window.tasks import Tasks
from roop.window.texts import clock, text

_SHOWN = 30
"""Most jobs that are shown."""

_OPENS_S = 2.0
"""After that long a program that was started has found the file."""

Action = Literal["pause", "resume", "retry", "cancel", "open", "folder", "share", "delete"]

_ACTIONS: Mapping[State, tuple[Action, ...]] = {
    "waiting": ("pause", "cancel"),
    "running": ("pause", "cancel"),
    "paused": ("resume", "cancel"),
    "succeeded": ("open", "folder", "share", "delete"),
    "failed": ("retry", "delete"),
    "cancelled": ("retry", "delete"),
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is shown."""

    id: str
    name: str
    output: Path
    state: State
    badge: str
    """Its state in words."""
    share: float | None
    """How much is done, 0..1; None if there is no progress to show."""
    details: str
    problem: Line | None
    actions: tuple[Action, ...]


class JobsPresenter:
    """Lists the jobs of the queue, the newest first.

    Args:
        queue: Shared with the command line and the page.
        tasks: Do the work.
        can_share: True if outputs can be shared.
    """

    def __init__(self, queue: Queue, tasks: Tasks, *, can_share: bool) -> None:
        self._queue = queue
        self._tasks = tasks
        self._can_share = can_share
        self._jobs: dict[str, QueuedJob] = {}
        self.rows: Observable[tuple[JobRow, ...]] = Observable(())
        self.problem: Observable[Line | None] = Observable(None)
        self.share: Callable[[JobRow], None] = _ignore
        """Shares the output of a job."""

    def load(self) -> None:
        """Read the jobs that are there already."""
        self._tasks.run(lambda: self._queue.jobs(limit=_SHOWN), self._keep, self._failed)

    def listen(self, changes: Changes) -> None:
        """Take changes of the queue. In any thread."""
        self._tasks.mailbox.post(lambda: self._changed(changes))

    def add(self, jobs: list[QueuedJob]) -> None:
        """Show jobs that were submitted just now, before the queue reports them."""
        self._keep(jobs)

    @property
    def unfinished(self) -> tuple[JobRow, ...]:
        """The jobs that run or wait to."""
        return tuple(row for row in self.rows.value if row.state in ("running", "waiting"))

    def act(self, row: JobRow, action: Action) -> None:
        """Do what a button of a job says."""
        self.problem.value = None
        queue, id = self._queue, row.id
        if action == "share":
            self.share(row)
        elif action in ("open", "folder"):
            path = row.output if action == "open" else row.output.parent
            self._tasks.run(lambda: open_with_system(path), _ignore, self._failed)
        elif action in ("cancel", "pause"):
            wish: Literal["cancel", "pause"] = "cancel" if action == "cancel" else "pause"
            self._tasks.run(lambda: queue.ask(id, wish), self._changed_job, self._failed)
        elif action in ("resume", "retry"):
            states: tuple[State, ...] = ("paused", "failed", "cancelled")
            self._tasks.run(
                lambda: queue.wait_again(id, states=states), self._changed_job, self._failed
            )
        else:
            self._tasks.run(lambda: queue.remove(id), lambda _: self._forget(id), self._failed)

    def end_all(self, wish: Literal["cancel", "pause"], done: Callable[[], None]) -> None:
        """Cancel or pause every job that is not finished, then call ``done``."""
        ids = [row.id for row in self.unfinished]

        def ask() -> None:
            for id in ids:
                try:
                    self._queue.ask(id, wish)
                except UsageError:  # it has ended meanwhile
                    continue

        self._tasks.run(ask, lambda _: done(), lambda _: done())

    def _keep(self, jobs: list[QueuedJob]) -> None:
        for queued in jobs:  # they come from several threads: an older state must not win
            known = self._jobs.get(queued.id)
            if known is None or queued.revision >= known.revision:
                self._jobs[queued.id] = queued
        newest = sorted(self._jobs.values(), key=lambda queued: -queued.number)[:_SHOWN]
        self._jobs = {queued.id: queued for queued in newest}
        self.rows.value = tuple(_row(queued, can_share=self._can_share) for queued in newest)

    def _changed(self, changes: Changes) -> None:
        for id in changes.removed:
            self._jobs.pop(id, None)
        self._keep(list(changes.jobs))

    def _changed_job(self, queued: QueuedJob) -> None:
        self._keep([queued])

    def _forget(self, id: str) -> None:
        self._jobs.pop(id, None)
        self._keep([])

    def _failed(self, error: RoopError) -> None:
        self.problem.value = Line.of(error)


def open_with_system(path: Path) -> None:
    """Open a file or a folder with the program that the system has for it.

    Raises:
        UsageError: It is gone, or there is no program.
    """
    if not path.exists():
        raise UsageError(text("fileGone", name=path.name))
    try:
        if sys.platform == "win32":
            os.startfile(path)
            return
        _open([("open" if sys.platform == "darwin" else "xdg-open"), str(path)])
    except (OSError, subprocess.SubprocessError) as error:
        folder = path if path.is_dir() else path.parent
        raise UsageError(
            text("cannotOpen", name=path.name), hint=text("cannotOpenHint", folder=folder)
        ) from error


def _open(command: Sequence[str]) -> None:
    """Start a program; one that has not failed after a while shows the file."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(_OPENS_S)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # nobody waits for it
        return
    if code:
        raise subprocess.CalledProcessError(code, command)


def _row(queued: QueuedJob, *, can_share: bool) -> JobRow:
    actions = _ACTIONS[queued.state]
    if not can_share:
        actions = tuple(action for action in actions if action != "share")
    stopping = queued.wish is not None and queued.state == "running"
    return JobRow(
        queued.id,
        queued.job.output.name,
        queued.job.output,
        queued.state,
        text("stopping" if stopping else queued.state),
        _share(queued),
        _details(queued),
        _problem(queued.error),
        () if stopping else actions,
    )


def _share(queued: QueuedJob) -> float | None:
    if queued.state not in ("running", "waiting", "paused"):
        return None
    now = queued.progress or {}
    return now["frames"] / now["total"] if now.get("total") else 0.0


def _details(queued: QueuedJob) -> str:
    """Return the line below the name."""
    if queued.state == "succeeded" and queued.result is not None:
        done = queued.result
        time = clock(done["elapsed_s"])
        summary = text("summary", swapped=done["swapped"], frames=done["frames"], time=time)
        return "\n".join([summary, *done["warnings"]])
    now = queued.progress
    if now is None and queued.state in ("waiting", "running"):
        return ""
    if now is None or queued.state not in ("running", "paused"):
        return f"{datetime.fromtimestamp(queued.created):%Y-%m-%d %H:%M}"
    parts = [
        text("progressOf", done=now["frames"], total=now["total"])
        if now["total"]
        else text("progress", done=now["frames"])
    ]
    if queued.state == "running":
        parts += _speed(now)
    return " · ".join(parts)


def _speed(now: Mapping[str, Any]) -> list[str]:
    """Return frames per second and the time left; before the first frame, what is done."""
    made = now["frames"] - now["resumed"]
    if made <= 0 or now["elapsed_s"] <= 0:
        return [now["activity"]] if now["activity"] else []
    fps = made / now["elapsed_s"]
    parts = [text("rate", fps=f"{fps:.1f}")]
    if now["total"]:
        parts.append(text("left", time=clock((now["total"] - now["frames"]) / fps)))
    return parts


def _problem(error: Mapping[str, Any] | None) -> Line | None:
    return None if error is None else Line(error["message"], error["hint"] or "")


def _ignore(result: object) -> None:
    """Nothing more to do."""
