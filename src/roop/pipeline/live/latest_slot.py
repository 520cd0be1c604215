"""A slot for the newest item: a newer one replaces an item that was not taken."""

import threading
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
    """

    def __init__(self, stages: StageThreads, drop: Callable[[], None]) -> None:
        self._stages = stages
        self._drop = drop
        self._changed = threading.Condition()
        self._item: tuple[T] | None = None
        self._closed = False

    def put(self, item: T) -> None:
        """Put ``item`` into the slot; never waits."""
        self._stages.check()
        with self._changed:
            late, self._item = self._item is not None, (item,)
            self._changed.notify()
        if late:
            self._drop()

    def close(self) -> None:
        """Mark the end: no item will follow."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def __iter__(self) -> Iterator[T]:
        while True:
            self._stages.check()
            with self._changed:
                if self._item is None and not self._closed:
                    self._changed.wait(_POLL_S)
                entry, self._item = self._item, None
                done = entry is None and self._closed
            if entry is not None:
                yield entry[0]
            elif done:
                return
