"""Calls that other threads and timers leave for the window's thread."""

import heapq
import itertools
import queue
import time
from collections.abc import Callable

Call = Callable[[], None]

_BUDGET_S = 0.015
"""After so long the rest waits for the next turn: drawing and input come first."""


class Mailbox:
    """Calls functions in the window's thread, which empties it a few times a second."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._timers: list[tuple[float, int, Call]] = []
        self._numbers = itertools.count()

    def post(self, call: Call) -> None:
        """Leave a call. Safe in any thread."""
        self._calls.put(call)

    def post_later(self, delay_s: float, call: Call) -> None:
        """Leave a call for later. In the window's thread only."""
        due = time.monotonic() + delay_s
        heapq.heappush(self._timers, (due, next(self._numbers), call))

    def run_due(self) -> None:
        """Do what is due, until there is nothing more or it takes too long."""
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._calls.put(heapq.heappop(self._timers)[2])
        while time.monotonic() - now < _BUDGET_S:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            call()
