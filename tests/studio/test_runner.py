"""The runner: jobs are done in processes of their own, and survive whatever happens to those."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image

from roop.jobs.queue import Changes, Queue
from roop.jobs.queued_job import QueuedJob
from roop.options import Job, Settings
from roop.studio.change_feed import ChangeFeed
from roop.studio.runner import Runner
from support.clips import times
from support.job_processes import finished_segments, job_processes
from support.terminal import environment

Until = Callable[[str, Callable[[QueuedJob], bool]], QueuedJob]

RUNNER = """
import sys, time
from pathlib import Path
from roop.jobs.queue import Queue
from roop.options import Settings
from roop.studio.runner import Runner
with Queue(Path(sys.argv[1])) as queue, Runner(queue, Settings()):
    print("running", flush=True)
    time.sleep(1000)
"""


def ended(job: QueuedJob) -> bool:
    return job.ended is not None


def test_jobs_are_done_and_listeners_told(
    queue: Queue, photo_job: Callable[[str], Job], until: Until
) -> None:
    heard: list[Changes] = []
    done, failed = queue.submit(photo_job("hopper")), queue.submit(photo_job("nobody"))
    with ChangeFeed(queue) as feed, Runner(queue, Settings()):
        unsubscribe = feed.subscribe(heard.append)
        succeeded = until(done.id, ended)
        error = until(failed.id, ended).error
        deadline = time.monotonic() + 10
        while not any(job.state == "failed" for news in heard for job in news.jobs):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        unsubscribe()
    assert succeeded.state == "succeeded"
    assert succeeded.result is not None
    assert succeeded.result["faces"] == 1
    with Image.open(succeeded.job.output) as image:
        assert image.size == (512, 600)
    assert error is not None
    assert error["code"] == "no_face"
    states = [job.state for news in heard for job in news.jobs if job.id == done.id]
    assert states[0] == "running"
    assert states[-1] == "succeeded"
    assert job_processes() == []


@pytest.mark.slow
def test_a_killed_process_is_an_error_of_one_job_and_a_retry_resumes(
    queue: Queue, film_job: Job, photo_job: Callable[[str], Job], until: Until
) -> None:
    film, photo = queue.submit(film_job), queue.submit(photo_job("hopper"))
    with Runner(queue, Settings(workers=1)):
        until(film.id, lambda job: finished_segments(job.job.output) > 0)
        (process,) = job_processes()
        process.kill()
        error = until(film.id, ended).error
        assert error is not None
        assert error["code"] == "internal"
        assert "SIGKILL" in error["message"]
        assert until(photo.id, ended).state == "succeeded"
        queue.wait_again(film.id, states=["failed"])
        again = until(film.id, ended)
    assert again.state == "succeeded"
    assert again.result is not None
    assert again.result["resumed"] >= 15
    assert times(film_job.output) == times(film_job.target)


@pytest.mark.slow
def test_jobs_wait_while_no_process_can_be_started(
    queue: Queue, photo_job: Callable[[str], Job], until: Until
) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files cannot be counted here")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    taken = []
    with Runner(queue, Settings()):
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, limits[1]))
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.dup(0))
            for _ in range(4):  # the queue may need some, a process needs more
                os.close(taken.pop())
            photo = queue.submit(photo_job("hopper"))
            time.sleep(1.5)
            assert queue.get(photo.id).state == "waiting"
        finally:
            for each in taken:
                os.close(each)
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert until(photo.id, ended).state == "succeeded"


@pytest.mark.slow
def test_pause_and_resume_then_cancel(queue: Queue, film_job: Job, until: Until) -> None:
    film = queue.submit(film_job)
    with Runner(queue, Settings(workers=1)):
        until(film.id, lambda job: finished_segments(job.job.output) > 0)
        queue.ask(film.id, "pause")
        until(film.id, lambda job: job.state == "paused")
        finished = finished_segments(film_job.output)
        assert finished > 0
        queue.wait_again(film.id, states=["paused"])
        resumed = until(film.id, lambda job: bool(job.progress and job.progress["resumed"]))
        assert resumed.state == "running"
        queue.ask(film.id, "cancel")
        until(film.id, lambda job: job.state == "cancelled")
    assert not film_job.output.exists()


@pytest.mark.slow
def test_a_killed_runner_leaves_its_jobs_to_the_next(
    queue: Queue, film_job: Job, photo_job: Callable[[str], Job], until: Until
) -> None:
    film, photo = queue.submit(film_job), queue.submit(photo_job("hopper"))
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, queue.path], env=environment(), stdout=subprocess.PIPE
    ) as first:
        until(film.id, lambda job: finished_segments(job.job.output) > 0)
        children = psutil.Process(first.pid).children()
        os.kill(first.pid, signal.SIGKILL)
    with Runner(queue, Settings(workers=1)):
        done = [until(each.id, ended) for each in (film, photo)]
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert [job.state for job in done] == ["succeeded", "succeeded"]
    assert done[0].result is not None
    assert done[0].result["resumed"] >= 15
    assert times(film_job.output) == times(film_job.target)


@pytest.mark.slow
def test_leaving_lets_the_running_job_wait(queue: Queue, film_job: Job, until: Until) -> None:
    film = queue.submit(film_job)
    with Runner(queue, Settings(workers=1)):
        until(film.id, lambda job: finished_segments(job.job.output) > 0)
    left = queue.get(film.id)
    assert left is not None
    assert left.state == "waiting"
    assert finished_segments(film_job.output) > 0
