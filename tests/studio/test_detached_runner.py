"""Jobs go on in a process of their own when whoever submitted them has ended."""

import os
from collections.abc import Callable

import pytest

from roop.jobs.queue import Queue
from roop.jobs.queued_job import QueuedJob
from roop.options import Job, Settings
from roop.studio.detached_runner import start_detached


@pytest.mark.slow
def test_a_job_runs_without_whoever_submitted_it(
    queue: Queue,
    until: Callable[[str, Callable[[QueuedJob], bool]], QueuedJob],
    photo_job: Callable[[str], Job],
) -> None:
    queued = queue.submit(photo_job("hopper"))
    number = start_detached(queue.path, Settings())
    done = until(queued.id, lambda job: job.state == "succeeded")
    assert done.job.output.exists()
    os.waitpid(number, 0)  # it ends after the last job
