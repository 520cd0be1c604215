"""Do many jobs one after the other, whatever becomes of each."""

import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from roop.api import JobResult
from roop.errors import CancelledError, RoopError, UsageError
from roop.jobs.lease import Lease, LeaseKeeper
from roop.jobs.progress_report import ProgressReport
from roop.jobs.queue import Queue
from roop.jobs.queued_job import QueuedJob, outcome_of
from roop.media.files.disk import writing
from roop.options import Job
from roop.pipeline.progress import Watch

BatchOutcome = Literal["done", "skipped", "failed", "elsewhere", "cancelled"]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one job of a batch."""

    sources: tuple[Path, ...]
    target: Path
    output: Path
    outcome: BatchOutcome
    """``skipped``: the output exists; ``elsewhere``: another process is at work on it."""
    message: str = ""
    """Why it failed or was skipped."""
    hint: str | None = None
    result: JobResult | None = None
    error: RoopError | None = None

    @property
    def code(self) -> str | None:
        """The stable name of the error, None if there was none."""
        return self.error.code if self.error else None


PerformJob = Callable[[Job, Watch, threading.Event], JobResult]
"""Does one job, reports its progress, and stops when the event is set."""


def run_batch(
    jobs: Sequence[Job],
    queue: Queue,
    perform: PerformJob,
    *,
    cancel: threading.Event,
    at_once: int = 1,
) -> Iterator[Report]:
    """Do those of ``jobs`` that are not done yet; yield a report of each when it has ended.

    A job whose output exists is not done again unless it says ``force``. One that failed before
    is tried again. After a cancellation the rest is reported as cancelled.

    Args:
        jobs: The jobs of the batch.
        queue: Remembers what was done.
        perform: Does one job; called from ``at_once`` threads.
        cancel: Set it to stop.
        at_once: How many jobs run at the same time.
    """
    if at_once == 1:
        for job in jobs:
            yield _report_of(job, queue, perform, cancel)
        return
    with ThreadPoolExecutor(at_once, "roop-batch") as threads:
        reports = [threads.submit(_report_of, job, queue, perform, cancel) for job in jobs]
        try:
            for report in as_completed(reports):
                yield report.result()
        except BaseException:
            cancel.set()
            raise


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


def _report_of(job: Job, queue: Queue, perform: PerformJob, cancel: threading.Event) -> Report:
    """Do one job, or report why it is not done."""
    if cancel.is_set():
        return _report(job, "cancelled")
    queued = queue.add(job)
    if job.output.exists() and not job.force:
        return _output_exists(job, queued, queue)
    lease = queue.claim(queued)
    if lease is None:
        return _report(job, "elsewhere", "another process is at work on it")
    try:
        with writing(job.output):
            job.output.parent.mkdir(parents=True, exist_ok=True)
        result = _perform(job, queue, lease, perform, cancel)
    except CancelledError:
        wish = queue.wish_for(lease)
        queue.finish(lease, "waiting" if wish is None else outcome_of(wish))
        return _report(job, "cancelled")
    except RoopError as error:
        data = {"code": error.code, "message": str(error), "hint": error.hint}
        queue.finish(lease, "failed", error=data)
        return _failed(job, error)
    except BaseException:
        queue.finish(lease, "waiting")
        raise
    queue.finish(lease, "succeeded", result=dataclasses.asdict(result))
    return _report(job, "done", result=result)


def _perform(
    job: Job, queue: Queue, lease: Lease, perform: PerformJob, cancel: threading.Event
) -> JobResult:
    watch = ProgressReport(lambda progress: queue.report(lease, progress))
    with LeaseKeeper(lease, queue.renew, queue.wish_for, cancel) as keeper:
        return perform(job, watch, keeper.cancel)


def _output_exists(job: Job, queued: QueuedJob, queue: Queue) -> Report:
    """Report whether an output that exists is the one that was asked for."""
    if queued.state == "succeeded":
        return _report(job, "skipped", "done before")
    if queue.has_written(job.output.absolute()):
        error = UsageError(
            f"{job.output} was made from other files or with other options",
            hint="use [[force=True]] to replace it, or [[output_pattern]] for other names",
        )
        return _failed(job, error)
    return _report(job, "skipped", "the output exists")


def _failed(job: Job, error: RoopError) -> Report:
    return Report(
        job.sources, job.target, job.output, "failed", str(error), error.hint, error=error
    )


def _report(
    job: Job, outcome: BatchOutcome, message: str = "", *, result: JobResult | None = None
) -> Report:
    return Report(job.sources, job.target, job.output, outcome, message, result=result)
