"""Threads that pass items through bounded queues and never hang.

Every blocking call watches for a stop and for a cancellation. The first error stops all threads and
is raised in the caller's thread after they have ended.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from roop.errors import CancelledError

T = TypeVar("T")
"""What a channel carries."""

_POLL_S = 0.05
"""Time between two checks for a stop while a queue is full or empty."""


class _StoppedError(Exception):
    """Another stage has failed; its error is the one to report."""


class StageThreads:
    """Threads that share one stop and remember the first error."""

    def __init__(self, cancel: threading.Event) -> None:
        self._cancel = cancel
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    @property
    def failed(self) -> bool:
        """True if a stage has failed; ``join`` raises its error."""
        return bool(self._errors)

    def check(self) -> None:
        """Raise if the work has to stop: ``CancelledError`` if the person cancelled it."""
        if self._cancel.is_set():
            raise CancelledError("cancelled")
        if self._stop.is_set():
            raise _StoppedError

    def spawn(self, work: Callable[[], None], name: str) -> None:
        """Run ``work`` in a new thread."""
        thread = threading.Thread(target=self.guard, args=(work,), name=name)
        self._threads.append(thread)
        thread.start()

    def guard(self, work: Callable[[], None]) -> None:
        """Run ``work`` in this thread; its error stops all other stages."""
        try:
            work()
        except _StoppedError:
            pass
        except BaseException as error:
            self._errors.append(error)
            self._stop.set()

    def join(self) -> None:
        """Wait for all threads.

        Raises:
            BaseException: The first error of any stage, unchanged.
        """
        for thread in self._threads:
            while thread.is_alive():
                self.guard(thread.join)  # Ctrl+C here must not leave threads behind
        if self._errors:
            raise self._errors[0]


class Channel(Generic[T]):
    """A bounded queue with an end, between two stages."""

    def __init__(self, size: int, stages: StageThreads) -> None:
        self._queue: queue.Queue[tuple[T] | None] = queue.Queue(size)
        self._stages = stages

    def put(self, item: T) -> None:
        """Pass ``item`` on; wait while the queue is full."""
        self._put((item,))

    def close(self) -> None:
        """Mark the end: no item will follow."""
        self._put(None)

    def _put(self, entry: tuple[T] | None) -> None:
        while True:
            self._stages.check()
            try:
                return self._queue.put(entry, timeout=_POLL_S)
            except queue.Full:
                continue

    def __iter__(self) -> Iterator[T]:
        while True:
            self._stages.check()
            try:
                entry = self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if entry is None:
                return
            yield entry[0]
            del entry  # the item may be large, and the next may take long to come
