"""The pool of worker processes: share segments, and retry those of a lost worker."""

import queue
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from roop.errors import CancelledError, RoopError
from roop.models.machine import usable_cores
from roop.options import Settings
from roop.pipeline.progress import FrameCounts, Meter
from roop.pipeline.segments.plan import Segment
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.remote_error import error_from_dict
from roop.pipeline.workers.setup import WorkerSetup

TRIES = 3
"""How often a segment is started before the loss of its workers counts as an error."""

_POLL_S = 0.05
"""Time between two checks for a cancellation."""

_WORKER_BYTES, _FRAMES = 500_000_000, 60
"""Memory of a worker: bytes for networks and libraries, frames in decoder, channels and encoder."""


def workers_for(size: tuple[int, int], segments: int, settings: Settings) -> int:
    """Return how many workers this machine has room for.

    Args:
        size: (width, height) of the video's frames.
        segments: How many there are.
        settings: How much memory they may take in all.
    """
    import psutil

    memory = psutil.virtual_memory().available
    if settings.max_memory is not None:
        memory = min(memory, int(settings.max_memory * 1e9))
    # One process keeps two cores busy: it works on frames while others are encoded.
    cores = (usable_cores() + 1) // 2
    return max(1, min(cores, segments, memory // bytes_of(size)))


def bytes_of(size: tuple[int, int]) -> int:
    """Return the approximate memory that a worker takes for frames of ``size``."""
    return _WORKER_BYTES + _FRAMES * size[0] * size[1] * 3 // 2


class WorkerPool(Protocol):
    """Workers that share the segments of one job."""

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Process ``segments``; finished ones stay finished if others fail.

        Raises:
            RoopError: The first error of any segment, or one segment was lost too often.
            CancelledError: The job was cancelled.
        """
        ...


class _Worker:
    """A worker process and its segment."""

    def __init__(
        self, setup: WorkerSetup, messages: "queue.Queue[tuple[_Worker, Message | None]]"
    ) -> None:
        self.segment: Segment | None = None
        self.counts = FrameCounts()
        """Those of its segment so far."""
        self.child = ChildProcess(
            "roop.pipeline.workers.worker", lambda message: messages.put((self, message))
        )
        self.child.send(setup.to_dict())

    def start(self, segment: Segment) -> None:
        """Start a segment."""
        self.segment, self.counts = segment, FrameCounts()
        self.child.send(segment.to_dict())


class ProcessPool:
    """Processes of this machine. Implements ``WorkerPool``.

    Args:
        setup: What every worker needs to know.
        size: How many there are at most.
        cancel: Set it to stop.
    """

    def __init__(self, setup: WorkerSetup, size: int, cancel: threading.Event) -> None:
        self._setup = setup
        self._size = size
        self._cancel = cancel
        self._messages: queue.Queue[tuple[_Worker, Message | None]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._tries: Counter[int] = Counter()

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Process ``segments``."""
        waiting = deque(segments)
        with self._ended():
            while waiting or any(worker.segment is not None for worker in self._workers):
                while waiting and len(self._workers) < self._size:
                    self._workers.append(_Worker(self._setup, self._messages))
                    self._assign(self._workers[-1], waiting)
                self._receive(waiting, meter)

    def _assign(self, worker: _Worker, waiting: deque[Segment]) -> None:
        if not waiting:
            worker.segment = None
            worker.child.close_stdin()
            return
        segment = waiting.popleft()
        self._tries[segment.number] += 1
        worker.start(segment)

    def _receive(self, waiting: deque[Segment], meter: Meter) -> None:
        if self._cancel.is_set():
            raise CancelledError("cancelled")
        try:
            worker, message = self._messages.get(timeout=_POLL_S)
        except queue.Empty:
            return
        if message is None:
            self._replace(worker, waiting, meter)
        elif "error" in message:
            raise error_from_dict(message["error"])
        elif "counts" in message:
            counts = FrameCounts.from_dict(message["counts"])
            meter.add(counts - worker.counts)
            worker.counts = counts
        elif worker.segment is not None:
            self._assign(worker, waiting)

    def _replace(self, worker: _Worker, waiting: deque[Segment], meter: Meter) -> None:
        """Put the segment of a worker that has ended back into the queue."""
        self._workers.remove(worker)
        code, stderr = worker.child.wait()
        segment = worker.segment
        if segment is None:
            return
        meter.add(FrameCounts() - worker.counts)
        if self._tries[segment.number] >= TRIES:
            error = RoopError(
                f"{TRIES} workers have ended unexpectedly in the segment at {segment.clock} "
                f"(the last with code {code})",
                hint="if memory is short, try [[workers=1]]; --debug shows their stderr",
            )
            error.add_note(f"the last worker's stderr:\n{stderr}")
            raise error
        waiting.appendleft(segment)

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """End all workers on the way out."""
        try:
            yield
        finally:
            for worker in self._workers:
                worker.child.kill()
            for worker in self._workers:
                worker.child.wait()
