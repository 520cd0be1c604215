"""A disk that fills in the middle of a batch: what is done is remembered in memory."""

import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from roop.home import user_folder
from roop.jobs.batch import Report, run_batch
from roop.jobs.queue import Queue
from roop.options import Job, Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Watch
from roop.processors import installed


@pytest.fixture
def jobs(photo: Path, out: Path) -> list[Job]:
    return [Job(sources=(photo,), target=photo, output=out / f"{n}.png") for n in range(3)]


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_batch_goes_on(jobs: list[Job], at_once: int) -> None:
    warnings: list[str] = []
    with Queue.of_user(warnings.append) as queue:
        reports = [*filled(jobs, queue, at_once)]
        assert [report.outcome for report in reports] == ["done"] * 3
        assert {job.state for job in queue.jobs()} == {"succeeded"}
        again = run_batch(jobs, queue, perform, cancel=threading.Event())
        assert [report.message for report in again] == ["done before"] * 3
    assert len(warnings) == 1
    assert warnings[0].startswith(f"the queue {user_folder() / 'jobs.sqlite3'} cannot be used: ")
    assert "only by the outputs" in warnings[0]
    with Queue.of_user(warnings.append) as queue:  # there is room again
        later = run_batch(jobs, queue, perform, cancel=threading.Event())
        assert {report.outcome for report in later} == {"skipped"}


def filled(jobs: list[Job], queue: Queue, at_once: int) -> Iterator[Report]:
    """Run a batch while the disk of the queue fills with the second job; outputs are on another."""
    at_work = threading.Lock()
    done: list[Job] = []

    def perform_and_fill(job: Job, watch: Watch, stop: threading.Event) -> JobResult:
        with at_work:
            limit_files(None)
            result = perform(job, watch, stop)
            done.append(job)
            limit_files(None if len(done) < 2 else 0)
            return result

    try:
        yield from run_batch(
            jobs, queue, perform_and_fill, cancel=threading.Event(), at_once=at_once
        )
    finally:
        limit_files(None)


def perform(job: Job, watch: Watch, stop: threading.Event) -> JobResult:
    return run_job(job, Settings(workers=1), installed(), watch=watch, cancel=stop)


def limit_files(size: int | None) -> None:
    """Let no file grow beyond a size, as on a full disk."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))
