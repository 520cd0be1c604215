"""Do small jobs in several processes, each of which keeps its networks and sources."""

import queue
import threading

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import CancelledError, RoopError
from roop.models.machine import usable_cores
from roop.options import Job, Settings
from roop.pipeline.job import JobResult
from roop.pipeline.progress import Progress, Watch
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.remote_error import error_from_dict

WORKER = "roop.jobs.job_worker"

_POLL_S = 0.05
"""Time between two checks for a cancellation."""

_WORKER_BYTES = 700_000_000
"""Approximate memory of a worker that does photos."""

_JOBS_EACH = 4
"""A worker is worth its start from so many jobs on."""


def photo_workers(photos: int, settings: Settings) -> int:
    """Return how many processes to share ``photos`` photos among; 1 means this process."""
    import psutil

    memory = psutil.virtual_memory().available
    if settings.max_memory is not None:
        memory = min(memory, int(settings.max_memory * 1e9))
    most = settings.workers or usable_cores()
    return max(1, min(most, photos // _JOBS_EACH, memory // _WORKER_BYTES))


class JobPool(Closing):
    """Worker processes that do whole jobs. A context manager; safe for threads.

    Args:
        size: How many processes there are at most.
        settings: What this machine has; its memory limit is shared by all.
    """

    def __init__(self, size: int, settings: Settings) -> None:
        if settings.max_memory is not None:
            share = settings.max_memory / size
            settings = settings.model_copy(update={"max_memory": share})
        self._setup: Message = {"settings": settings.model_dump(mode="json")}
        self._free: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        for _ in range(size):
            self._free.put(None)  # started when it is first needed

    def run(self, job: Job, watch: Watch, cancel: threading.Event) -> JobResult:
        """Do one job in the next free process.

        Raises:
            RoopError: The job failed, or its process ended.
            CancelledError: ``cancel`` was set.
        """
        worker = self._free.get()
        try:
            worker = worker or _Worker(self._setup)
            return worker.run(job, watch, cancel)
        finally:
            self._free.put(worker if worker is not None and worker.alive else None)

    @override
    def close(self) -> None:
        """End all processes."""
        while not self._free.empty():
            worker = self._free.get()
            if worker is not None:
                worker.close()


class _Worker:
    """One process."""

    def __init__(self, setup: Message) -> None:
        self.alive = True
        """False after it has ended, or was told to."""
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._child = ChildProcess(WORKER, self._messages.put)
        self._child.send(setup)

    def run(self, job: Job, watch: Watch, cancel: threading.Event) -> JobResult:
        self._child.send({"job": job.model_dump(mode="json")})
        while True:
            try:
                message = self._messages.get(timeout=_POLL_S)
            except queue.Empty:
                if cancel.is_set():
                    self.close()
                    raise CancelledError("cancelled") from None
                continue
            if message is None:
                raise self._ended()
            if "error" in message:
                raise error_from_dict(message["error"])
            if "result" in message:
                return JobResult.from_dict(message["result"])
            watch(Progress.from_dict(message["progress"]))

    def close(self) -> None:
        """Let the process stop its job and end."""
        self.alive = False
        self._child.wait()

    def _ended(self) -> RoopError:
        self.alive = False
        code, stderr = self._child.wait()
        error = RoopError(
            f"the process of this job ended unexpectedly (exit code {code})",
            hint="if memory is short, try [[workers=1]]; --debug shows its stderr",
        )
        error.add_note(f"the process's stderr:\n{stderr}")
        return error
