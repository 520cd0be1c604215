"""A place for one item, where a newer one takes the place of what nobody took."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from roop.pipeline.stages.channel import StageThreads

T = TypeVar("T")
"""What it holds."""

_POLL_S = 0.05
"""Time between two looks at whether the work shall end."""


class LatestSlot(Generic[T]):
    """Between a camera, which does not wait, and whoever takes its frames: latency stays bounded.

    Args:
        stages: Whose end ends every wait.
        drop: Called for every item that nobody took in time.
    """

    def __init__(self, stages: StageThreads, drop: Callable[[], None]) -> None:
        self._stages = stages
        self._drop = drop
        self._news = threading.Condition()
        self._item: tuple[T] | None = None
        self._closed = False

    def put(self, item: T) -> None:
        """Leave ``item``; never waits."""
        self._stages.check()
        with self._news:
            late, self._item = self._item is not None, (item,)
            self._news.notify()
        if late:
            self._drop()

    def close(self) -> None:
        """Say that nothing more will come."""
        with self._news:
            self._closed = True
            self._news.notify()

    def __iter__(self) -> Iterator[T]:
        while True:
            self._stages.check()
            with self._news:
                if self._item is None and not self._closed:
                    self._news.wait(_POLL_S)
                entry, self._item = self._item, None
                done = entry is None and self._closed
            if entry is not None:
                yield entry[0]
            elif done:
                return
