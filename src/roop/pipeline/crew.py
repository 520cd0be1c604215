"""Processes that share the segments of a long job: the parent's side."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from roop.errors import CancelledError, RoopError
from roop.models.machine import usable_cores
from roop.options import Settings
from roop.pipeline.failure import heard
from roop.pipeline.plan import Segment
from roop.pipeline.progress import Meter
from roop.pipeline.worker import order_of

TRIES = 3
"""Times that a segment is begun before its workers' end counts as its fault."""

_PATIENCE_S = 10.0
"""How long a worker may take to end when it has nothing more to say."""

_POLL_S = 0.05
"""Time between two looks at whether the person wants to stop."""

_LAST_WORDS = 8000
"""Bytes of a worker's stderr that are kept."""

_WORKER_BYTES, _FRAMES = 500_000_000, 60
"""Memory of a worker: networks and libraries, and frames in decoder, channels and encoder."""

_PROGRAM = "import sys; sys.path.append({!r}); from roop.pipeline.worker import main; main()"


def workers_for(size: tuple[int, int], segments: int, settings: Settings) -> int:
    """Return how many workers a video is worth on this machine.

    Args:
        size: (width, height) of its frames.
        segments: How many there are; a worker takes a second to begin.
        settings: How much memory they may take together.
    """
    import psutil

    memory = psutil.virtual_memory().available
    if settings.max_memory is not None:
        memory = min(memory, int(settings.max_memory * 1e9))
    return max(1, min(usable_cores(), segments // 2, memory // bytes_of(size)))


def bytes_of(size: tuple[int, int]) -> int:
    """Return about how much memory a worker takes for frames of ``size``."""
    return _WORKER_BYTES + _FRAMES * size[0] * size[1] * 3 // 2


class Crew(Protocol):
    """Whoever shares the segments of one job."""

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Do ``segments``; those that are finished stay so whatever happens to others.

        Raises:
            RoopError: The first error of any of them, or one segment was lost too often.
            CancelledError: The person stopped the job.
        """
        ...


class _Worker:
    """One child: what it is doing, and a thread that hears what it says."""

    def __init__(self, brief: dict[str, Any], news: "queue.Queue[tuple[_Worker, Any]]") -> None:
        # The group of its own keeps a terminal's Ctrl+C away: the parent decides what is ended.
        alone: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            alone = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        package = Path(__file__).parents[2]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(str(package))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            **alone,
        )
        self._news = news
        self.segment: Segment | None = None
        self.counts = [0, 0, 0, 0]
        """Frames, swapped frames, faces and faces in sight of its segment so far."""
        self._thread = threading.Thread(target=self._listen, name="roop-worker")
        self._thread.start()
        self._tell(brief)

    def begin(self, segment: Segment) -> None:
        """Give it a segment to do."""
        self.segment, self.counts = segment, [0, 0, 0, 0]
        self._tell(order_of(segment))

    def dismiss(self) -> None:
        """Let it end when it has done what it is doing."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """End it now: what it has finished is safe, whatever becomes of the rest."""
        self._process.kill()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and the end of what it wrote to stderr."""
        self.dismiss()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with self._stderr as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS))
            last_words = file.read().decode(errors="replace")
        return self._process.wait(), last_words

    def _tell(self, order: dict[str, Any]) -> None:
        with suppress(OSError):  # it has ended: its thread says so
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                with suppress(ValueError):  # half a line of one that was killed
                    self._news.put((self, json.loads(line)))
        self._news.put((self, None))


class ProcessCrew:
    """Processes of this machine. Implements ``Crew``.

    Args:
        brief: What every worker is told first.
        size: How many there are at most.
        cancel: Set it to stop.
    """

    def __init__(self, brief: dict[str, Any], size: int, cancel: threading.Event) -> None:
        self._brief = brief
        self._size = size
        self._cancel = cancel
        self._news: queue.Queue[tuple[_Worker, Any]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._tries: Counter[int] = Counter()

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Do ``segments``."""
        waiting = deque(segments)
        with self._dismissed():
            while waiting or self._workers:
                while waiting and len(self._workers) < self._size:
                    self._workers.append(_Worker(self._brief, self._news))
                    self._employ(self._workers[-1], waiting)
                self._hear(waiting, meter)

    def _employ(self, worker: _Worker, waiting: deque[Segment]) -> None:
        if not waiting:
            worker.segment = None
            worker.dismiss()
            return
        segment = waiting.popleft()
        self._tries[segment.number] += 1
        worker.begin(segment)

    def _hear(self, waiting: deque[Segment], meter: Meter) -> None:
        if self._cancel.is_set():
            raise CancelledError("cancelled")
        try:
            worker, news = self._news.get(timeout=_POLL_S)
        except queue.Empty:
            return
        if news is None:
            self._replace(worker, waiting, meter)
        elif "error" in news:
            raise heard(news["error"])
        elif "counts" in news:
            steps = [new - old for new, old in zip(news["counts"], worker.counts, strict=True)]
            worker.counts = news["counts"]
            meter.add(*steps)
        elif worker.segment is not None:
            self._employ(worker, waiting)

    def _replace(self, worker: _Worker, waiting: deque[Segment], meter: Meter) -> None:
        """Put back what a worker that ended was doing."""
        self._workers.remove(worker)
        code, last_words = worker.wait()
        segment = worker.segment
        if segment is None:
            return
        meter.add(*(-count for count in worker.counts))
        if self._tries[segment.number] >= TRIES:
            error = RoopError(
                f"{TRIES} workers have ended without a word in the stretch from {segment.clock} "
                f"(the last with code {code})",
                hint="if memory is short, try --workers 1; --debug shows what they left behind",
            )
            error.add_note(f"the last worker's stderr:\n{last_words}")
            raise error
        waiting.appendleft(segment)

    @contextmanager
    def _dismissed(self) -> Iterator[None]:
        """Leave no worker behind."""
        try:
            yield
        finally:
            for worker in self._workers:
                worker.kill()
            for worker in self._workers:
                worker.wait()
