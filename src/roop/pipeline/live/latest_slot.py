"""A slot for the newest items: a newer one replaces the oldest that was not taken."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from roop.pipeline.stages.channel import StageThreads

T = TypeVar("T")
"""What it holds."""

_POLL_S = 0.05
"""Time between two checks for a stop."""


class LatestSlot(Generic[T]):
    """Between a camera, which does not wait, and the thread that takes its frames: bounds latency.

    Args:
        stages: When these stop, every wait ends.
        drop: Called for every item that is replaced.
        size: Items that may wait.
    """

    def __init__(self, stages: StageThreads, drop: Callable[[], None], size: int = 1) -> None:
        self._stages = stages
        self._drop = drop
        self._changed = threading.Condition()
        self._items: deque[T] = deque(maxlen=size)
        self._closed = False

    @property
    def ended(self) -> bool:
        """True if it is closed and everything in it was taken."""
        with self._changed:
            return self._closed and not self._items

    def put(self, item: T) -> None:
        """Put ``item`` into the slot; never waits."""
        with self._changed:
            full = len(self._items) == self._items.maxlen
            self._items.append(item)
            self._changed.notify()
        if full:
            self._drop()

    def close(self) -> None:
        """Mark the end: no item will follow."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> T | None:
        """Return the oldest item without waiting, None if there is none."""
        self._stages.check()
        with self._changed:
            return self._items.popleft() if self._items else None

    def rest(self) -> list[T]:
        """Return what was not taken, after the stages have ended."""
        with self._changed:
            left = list(self._items)
            self._items.clear()
        return left

    def __iter__(self) -> Iterator[T]:
        while True:
            self._stages.check()
            with self._changed:
                if not self._items and not self._closed:
                    self._changed.wait(_POLL_S)
                entry = (self._items.popleft(),) if self._items else None
                done = entry is None and self._closed
            if entry is not None:
                yield entry[0]
                del entry  # the item may be large, and the next may take long to come
            elif done:
                return
