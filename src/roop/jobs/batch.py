"""Do many jobs one after the other, whatever becomes of each."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from roop.api import JobResult
from roop.errors import CancelledError, RoopError, UsageError
from roop.jobs.queue import Item, Queue
from roop.media.files.disk import writing
from roop.options import Job

Outcome = Literal["done", "skipped", "failed", "elsewhere", "cancelled"]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one job of a batch."""

    sources: tuple[Path, ...]
    target: Path
    output: Path
    outcome: Outcome
    """``skipped``: the output was there; ``elsewhere``: another process is at it."""
    message: str = ""
    """Why it failed or was skipped."""
    hint: str | None = None
    result: JobResult | None = None
    error: RoopError | None = None

    @property
    def code(self) -> str | None:
        """The stable name of the error, None if there was none."""
        return self.error.code if self.error else None


Do = Callable[[Job], JobResult]
"""Does one job."""


def run_batch(
    jobs: Sequence[Job], queue: Queue, do: Do, *, cancel: threading.Event
) -> Iterator[Report]:
    """Do what is missing of ``jobs``; yield a report of each when it is settled.

    A job whose output is there is not done again unless it says ``force``. One that failed before
    is tried again. After a cancellation the rest is reported as such.
    """
    for job in jobs:
        yield _settled(job, queue, do, cancel)


def refuse_twins(outputs: Sequence[Path]) -> None:
    """Raise if two jobs of a batch would write the same file.

    Raises:
        UsageError: They would.
    """
    seen: set[Path] = set()
    for output in outputs:
        path = output.absolute()
        if path in seen:
            raise UsageError(
                f"two jobs would write {output}",
                hint="name outputs apart, e.g. with [[output_pattern]] "
                "'{folder}-{source}-{target}{ext}'",
            )
        seen.add(path)


def _settled(job: Job, queue: Queue, do: Do, cancel: threading.Event) -> Report:
    """Do one job, or say why not."""
    if cancel.is_set():
        return _report(job, "cancelled")
    item = queue.add(job)
    if job.output.exists() and not job.force:
        return _there(job, item, queue)
    if not (queue.wait(item) and queue.claim(item)):
        return _report(job, "elsewhere", "another process is at it")
    try:
        with writing(job.output):
            job.output.parent.mkdir(parents=True, exist_ok=True)
        result = do(job)
    except CancelledError:
        queue.end(item, "waiting")
        return _report(job, "cancelled")
    except RoopError as error:
        queue.end(item, "failed")
        return _failed(job, error)
    except BaseException:
        queue.end(item, "waiting")
        raise
    queue.end(item, "done")
    return _report(job, "done", result=result)


def _there(job: Job, item: Item, queue: Queue) -> Report:
    """Say of an output that stands already whether it is the one that was asked for."""
    if queue.state(item) == "done":
        return _report(job, "skipped", "done before")
    if queue.made(job.output.absolute()):
        error = UsageError(
            f"{job.output} was made from other files or with other options",
            hint="use [[force=True]] to replace it, or [[output_pattern]] for other names",
        )
        return _failed(job, error)
    return _report(job, "skipped", "it is there already")


def _failed(job: Job, error: RoopError) -> Report:
    return Report(
        job.sources, job.target, job.output, "failed", str(error), error.hint, error=error
    )


def _report(
    job: Job, outcome: Outcome, message: str = "", *, result: JobResult | None = None
) -> Report:
    return Report(job.sources, job.target, job.output, outcome, message, result=result)
