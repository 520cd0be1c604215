"""Turns what is chosen into jobs of the queue."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from roop.errors import RoopError
from roop.jobs.queue import Queue
from roop.jobs.queued_job import QueuedJob, State
from roop.pipeline.output.suggested import suggest_output
from roop.processors.base import Registry
from roop.studio.draft import Draft
from roop.window.observable import Observable
from roop.window.selection import Line, Selection
from roop.window.tasks import Tasks
from roop.window.texts import text

_UNFINISHED: tuple[State, ...] = ("waiting", "running", "paused")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where jobs are submitted."""

    queue: Queue
    registry: Registry


class Starter:
    """Submits jobs under suggested names.

    What waits or runs already is not submitted again: a double click starts once.

    Args:
        selection: What is chosen.
        tasks: Do the work.
        desk: Takes the jobs.
    """

    def __init__(self, selection: Selection, tasks: Tasks, desk: Desk) -> None:
        self._selection = selection
        self._tasks = tasks
        self._desk = desk
        self._naming = threading.Lock()
        self._last: tuple[list[Draft], Path | None] | None = None
        self._last_jobs: list[QueuedJob] = []
        self.folder: Observable[Path | None] = Observable(None)
        """Where outputs go; None for the user's folder of videos or pictures."""
        self.ready: Observable[bool] = Observable(False)
        """True if nothing is missing."""
        self.submitted: Callable[[list[QueuedJob]], None] = lambda jobs: None
        """Called with the jobs of a start."""
        self.started = False
        """True if the note is about a start that succeeded."""
        self.note: Observable[Line | None] = Observable(None)
        """The last start, or what went wrong."""
        for each in (selection.photos, selection.target, selection.people, selection.choice):
            each.watch(self._changed)

    def _changed(self, value: object) -> None:
        self.ready.value = self._selection.draft() is not None

    def start(self) -> None:
        """Submit a job for each chosen file."""
        draft = self._selection.draft()
        self.started = False
        if draft is None:
            self.note.value = Line(text("startMissing"))
            return
        self.note.value = None
        drafts = [draft]
        for path in self._selection.more_targets.value:
            # A person of one file cannot be named in another: there the photos count.
            drafts.append(draft.model_copy(update={"target": path, "assignments": ()}))
        self._tasks.run(self._submitting(drafts), self._done, self._failed)

    def _submitting(self, drafts: list[Draft]) -> Callable[[], list[QueuedJob]]:
        desk, folder = self._desk, self.folder.value

        def submit() -> list[QueuedJob]:
            with self._naming:  # two starts at once must not find the same name free
                unfinished = desk.queue.jobs(states=_UNFINISHED)
                going_on = {queued.id for queued in unfinished if queued.state != "paused"}
                again = [queued for queued in self._last_jobs if queued.id in going_on]
                if again and self._last == (drafts, folder):
                    return again
                jobs = name_and_submit({queued.job.output for queued in unfinished})
                self._last, self._last_jobs = (drafts, folder), jobs
                return jobs

        def name_and_submit(planned: set[Path]) -> list[QueuedJob]:
            submitted = []
            for draft in drafts:
                job = draft.job(Path("output"), desk.registry)
                output = suggest_output(job, folder=folder, is_taken=planned.__contains__)
                planned.add(output)
                submitted.append(desk.queue.submit(job.model_copy(update={"output": output})))
            return submitted

        return submit

    def _done(self, jobs: list[QueuedJob]) -> None:
        self.started = True
        self.submitted(jobs)
        names = ", ".join(queued.job.output.name for queued in jobs)
        self.note.value = Line(text("started", name=names))

    def _failed(self, error: RoopError) -> None:
        self.note.value = Line.of(error)
