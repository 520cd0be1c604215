"""Reports changes of the queue to subscribers, whichever process made them."""

import threading
from collections.abc import Callable
from contextlib import suppress

from typing_extensions import override

from roop.context_managers import Background
from roop.errors import MediaError
from roop.jobs.queue import Changes, Queue

_POLL_S = 0.2
"""Time between two polls of the queue."""

Listener = Callable[[Changes], None]
"""Called from the feed's thread; must return quickly."""


class ChangeFeed(Background):
    """Calls listeners with the changes of a queue. A context manager.

    Args:
        queue: The queue, which other processes may change, too.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        super().__init__("roop-changes")
        self._revision = queue.revision()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with all changes from now on.

        Returns:
            A function that ends this.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return unsubscribe

    @override
    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            with suppress(MediaError):  # the queue is busy: the next poll finds everything
                if self._queue.revision() > self._revision:
                    self._publish(self._queue.changes(self._revision))

    def _publish(self, changes: Changes) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(changes)
        self._revision = changes.revision
