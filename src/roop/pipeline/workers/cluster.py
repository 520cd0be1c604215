"""The pool of a Ray cluster: share the segments of a long job among its machines.

A process of its own talks to the cluster, because Ray's native code has crashed when a machine was
lost, which must not end the job or the program around it.
"""

import importlib.util
import queue
from collections.abc import Sequence
from fractions import Fraction

from roop.errors import CancelledError, RoopError, UsageError
from roop.options import Settings
from roop.pipeline.progress import FrameCounts, Meter
from roop.pipeline.segments.plan import Segment
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.task import Task
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.pool import TRIES
from roop.pipeline.workers.ray_driver import DriverTask
from roop.pipeline.workers.remote_error import error_from_dict
from roop.pipeline.workers.remote_job import pack

_POLL_S = 0.05
"""Time between two checks for a cancellation."""

_PATIENCE_S = 30.0
"""How long a driver may take to end."""


class ClusterPool:
    """The machines of a Ray cluster. Implements ``roop.pipeline.workers.pool.WorkerPool``.

    Args:
        task: The job; its settings name the cluster.
        folder: Where finished segments are kept.
        seek_times: Where the decoding of each segment of the plan begins.
        worker_bytes: Approximate memory that a segment takes.
    """

    def __init__(
        self,
        task: Task,
        folder: WorkFolder,
        seek_times: Sequence[Fraction | None],
        worker_bytes: int,
    ) -> None:
        self._task = task
        self._folder = folder
        self._seek_times = seek_times
        self._bytes = worker_bytes
        self._counts: dict[int, FrameCounts] = {}

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Process ``segments``."""
        if importlib.util.find_spec("ray") is None:
            raise UsageError(
                "a cluster needs Ray, which is not installed", hint="pip install 'roop[ray]'"
            )
        settings = self._task.settings
        remote_job = pack(
            self._task.job, _settings_elsewhere(settings), self._task.output, self._seek_times
        )
        ends: list[tuple[int, str]] = []
        while missing := [s for s in segments if self._folder.stats_of(s.number) is None]:
            for segment in missing:
                self._count(segment.number, FrameCounts(), meter)
            if len(ends) == TRIES:
                raise _broken_error(*ends[-1])
            driver_task = DriverTask(remote_job, settings, missing, self._folder, self._bytes)
            ends.append(self._drive(driver_task, meter))

    def _drive(self, driver_task: DriverTask, meter: Meter) -> tuple[int, str]:
        """Run a driver on the unfinished segments; return its exit code and its stderr."""
        messages: queue.Queue[Message | None] = queue.Queue()
        driver = ChildProcess("roop.pipeline.workers.ray_driver", messages.put)
        try:
            driver.send(driver_task.to_dict())
            while (message := self._next(messages)) is not None:
                if "error" in message:
                    raise error_from_dict(message["error"])
                counts = FrameCounts.from_dict(message["counts"])
                self._count(message["segment"], counts, meter)
        finally:
            end = driver.wait(_PATIENCE_S)  # it takes back what the machines are doing
        return end

    def _next(self, messages: "queue.Queue[Message | None]") -> Message | None:
        while True:
            if self._task.cancel.is_set():
                raise CancelledError("cancelled")
            try:
                return messages.get(timeout=_POLL_S)
            except queue.Empty:
                continue

    def _count(self, number: int, counts: FrameCounts, meter: Meter) -> None:
        before = self._counts.get(number, FrameCounts())
        self._counts[number] = counts  # fewer than before if it was started again elsewhere
        meter.add(counts - before)


def _broken_error(code: int, last_words: str) -> RoopError:
    error = RoopError(
        f"the connection to the cluster was lost {TRIES} times (the last with code {code})",
        hint="--debug shows what it wrote to stderr",
    )
    error.add_note(f"its stderr:\n{last_words}")
    return error


def _settings_elsewhere(settings: Settings) -> Settings:
    """Return the settings for other machines, without what holds for this one only."""
    ours = dict.fromkeys(("cluster", "workers", "signing_certificate", "signing_key"))
    threads = settings.execution_threads or 1
    return settings.model_copy(update={**ours, "execution_threads": threads})
