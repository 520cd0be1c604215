"""The runner: takes jobs off the queue and runs them in child processes."""

import queue
import signal
import time
from contextlib import suppress

from typing_extensions import override

from roop.context_managers import Background
from roop.errors import MediaError
from roop.jobs.lease import Lease
from roop.jobs.queue import Queue
from roop.jobs.queued_job import QueuedJob, outcome_of
from roop.options import Settings
from roop.pipeline.workers.child_process import ChildProcess, Message

_POLL_S = 0.2
"""Time between two polls of the queue."""

_RECHECK_S = 5.0
"""Time after which a queue without changes is searched for jobs whose runner is gone."""

_IDLE_S = 60.0
"""How long a process is kept without a job, with its networks loaded."""

_STOP_S = 30.0
"""How long a job may take to stop before its process is killed."""


class _Worker:
    """A child process and its job."""

    def __init__(self, messages: "queue.Queue[tuple[_Worker, Message | None]]") -> None:
        self.lease: Lease | None = None
        """The lease of its job; None while it has no job."""
        self.idle_since = time.monotonic()
        self.stopping_since: float | None = None
        """Since when the job should stop."""
        self.child = ChildProcess(
            "roop.studio.job_process", lambda message: messages.put((self, message))
        )

    def start(self, order: Message, lease: Lease) -> None:
        """Give it a job."""
        self.lease, self.stopping_since = lease, None
        self.child.send(order)

    def end_job(self) -> None:
        """Record that its job has ended."""
        self.lease, self.idle_since = None, time.monotonic()


class Runner(Background):
    """Runs the submitted jobs of a queue in the background. A context manager.

    If the process of a job dies, that job fails and the others continue. Leaving stops the running
    jobs, which wait in the queue for the next runner and resume after their last finished segment;
    so does a job whose runner was killed. Several runners may share a queue.

    Args:
        jobs: The queue, in a file.
        settings: What this machine has.
        at_once: How many jobs run at the same time.
    """

    def __init__(self, jobs: Queue, settings: Settings, *, at_once: int = 1) -> None:
        self._queue = jobs
        self._settings = settings
        self._at_once = at_once
        self._messages: queue.Queue[tuple[_Worker, Message | None]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._not_before = 0.0
        """No job is started before, as no process could be."""
        super().__init__("roop-runner")
        self._seen = (-1, 0.0)
        """Revision of the queue when it was last searched for jobs without finding any, and when
        that was."""

    @override
    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with suppress(MediaError):  # the queue is busy, or its disk full: try again
                    self._start_jobs()
                    self._kill_stuck()
                self._dismiss_idle()
                self._receive()
        finally:
            self._end_workers()

    def _start_jobs(self) -> None:
        """Start waiting jobs as long as there is room for them."""
        if time.monotonic() < self._not_before:
            return
        while sum(worker.lease is not None for worker in self._workers) < self._at_once:
            revision, searched = self._seen
            if revision == self._queue.revision() and time.monotonic() - searched < _RECHECK_S:
                return
            revision = self._queue.revision()
            claimed = self._queue.claim_next()
            if claimed is None:
                self._seen = revision, time.monotonic()
                return
            self._start(*claimed)
            if time.monotonic() < self._not_before:
                return

    def _start(self, queued: QueuedJob, lease: Lease) -> None:
        idle = [worker for worker in self._workers if worker.lease is None]
        try:
            worker = idle[0] if idle else _Worker(self._messages)
        except OSError:  # no memory, or too many processes or open files: they may end
            self._not_before = time.monotonic() + _RECHECK_S
            self._queue.finish(lease, "waiting")
            return
        if not idle:
            self._workers.append(worker)
        order = {
            "queue": str(self._queue.path),
            "number": lease.number,
            "owner": lease.owner,
            "job": queued.job.model_dump(mode="json"),
            "settings": self._settings.model_dump(mode="json"),
        }
        worker.start(order, lease)

    def _receive(self) -> None:
        """Handle the next message of a process, if one comes soon."""
        try:
            worker, message = self._messages.get(timeout=_POLL_S)
        except queue.Empty:
            return
        if message is None:
            self._workers.remove(worker)
            code, _ = worker.child.wait()
            if worker.lease is not None:
                with suppress(MediaError):  # then the job is free, and started again
                    self._fail(worker.lease, code)
        elif "owner" in message and worker.lease is not None:
            worker.lease = Lease(worker.lease.number, message["owner"])
        elif "ended" in message:
            worker.end_job()

    def _fail(self, lease: Lease, code: int) -> None:
        """Record that a job's process died."""
        wish = self._queue.wish_for(lease)
        if wish is not None:
            self._queue.finish(lease, outcome_of(wish))
            return
        error = {
            "code": "internal",
            "message": f"the process of this job ended unexpectedly: {_described(code)}",
            "hint": "a retry resumes after the last finished segment; if memory is short, "
            "try a smaller max_memory",
        }
        self._queue.finish(lease, "failed", error=error)

    def _kill_stuck(self) -> None:
        """End the processes of jobs that take too long to stop."""
        for worker in self._workers:
            if worker.lease is None or self._queue.wish_for(worker.lease) is None:
                continue
            now = time.monotonic()
            worker.stopping_since = worker.stopping_since or now
            if now - worker.stopping_since > _STOP_S:
                worker.child.kill()

    def _dismiss_idle(self) -> None:
        for worker in self._workers:
            if worker.lease is None and time.monotonic() - worker.idle_since > _IDLE_S:
                worker.child.close_stdin()

    def _end_workers(self) -> None:
        """Return all jobs to the queue, and end all processes."""
        for worker in self._workers:
            worker.child.close_stdin()
        for worker in self._workers:
            worker.child.wait()
            if worker.lease is not None:
                with suppress(MediaError):
                    self._queue.finish(worker.lease, "waiting")  # if it had to be killed


def _described(code: int) -> str:
    """Return how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
