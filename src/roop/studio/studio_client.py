"""A process that decodes, analyses and previews files: the parent's side."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import RoopError
from roop.options import Settings
from roop.pipeline.workers.child_process import ChildProcess, Message
from roop.pipeline.workers.remote_error import error_from_dict

OnMore = Callable[[Message], None]
"""Receives messages of a request before its result; must return quickly."""


class StudioClient(Closing):
    """Sends requests to a child process. A context manager; safe for threads.

    The process starts with the first request. If it dies, pending requests fail, and the next one
    starts another process.

    Args:
        settings: What this machine has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._numbers = itertools.count()
        self._pending: dict[int, tuple[ChildProcess, Future[Message], OnMore | None]] = {}
        self._ended: list[ChildProcess] = []

    def start(self) -> None:
        """Start the process now, so that the first request need not wait for it."""
        with self._lock:
            if self._child is None:
                self._start()

    def request(self, name: str, values: Message, on_more: OnMore | None = None) -> Future[Message]:
        """Send a request.

        Args:
            name: The name of a handler.
            values: Its parameters.
            on_more: Receives messages before the result.

        Returns:
            The result, or the error.
        """
        future: Future[Message] = Future()
        self._reap()
        with self._lock:
            child = self._child or self._start()
            number = next(self._numbers)
            self._pending[number] = child, future, on_more
            child.send({"request": name, "id": number, **values})
        return future

    def send(self, name: str, values: Message) -> None:
        """Send a message without a response to the process, if it runs."""
        with self._lock:
            if self._child is not None:
                self._child.send({"request": name, **values})

    def restart(self) -> None:
        """Kill the process: pending requests fail, and the next one starts another process."""
        with self._lock:
            if self._child is not None:
                self._child.kill()

    @override
    def close(self) -> None:
        """End the process."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.wait()
        self._reap()

    def _reap(self) -> None:
        """Wait for processes that ended, which their own threads cannot do."""
        with self._lock:
            ended, self._ended = self._ended, []
        for child in ended:
            child.wait()

    def _start(self) -> ChildProcess:
        child: ChildProcess
        started = threading.Event()

        def receive(message: Message | None) -> None:
            started.wait()
            self._receive(child, message)

        child = ChildProcess("roop.studio.studio_process", receive)
        started.set()
        child.send({"settings": self._settings.model_dump(mode="json")})
        self._child = child
        return child

    def _receive(self, child: ChildProcess, message: Message | None) -> None:
        if message is None:
            self._fail(child)
            return
        with self._lock:
            entry = self._pending.get(message.get("id", -1))
            if entry is not None and "more" not in message:
                del self._pending[message["id"]]
        if entry is None:
            return
        _, future, on_more = entry
        if "more" in message:
            if on_more is not None:
                on_more(message["more"])
        elif "error" in message:
            _complete(future, error_from_dict(message["error"]))
        else:
            _complete(future, message["result"])

    def _fail(self, child: ChildProcess) -> None:
        """Fail the pending requests of a process that ended."""
        with self._lock:
            if self._child is child:
                self._child = None
                self._ended.append(child)
            numbers = [n for n, (owner, _, _) in self._pending.items() if owner is child]
            futures = [self._pending.pop(number)[1] for number in numbers]
        for future in futures:
            error = RoopError(
                "the process that shows frames ended unexpectedly",
                hint="try again; if it happens again, the file may be damaged",
            )
            _complete(future, error)


def _complete(future: Future[Message], outcome: Any) -> None:  # noqa: ANN401 - a result or an error
    with suppress(Exception):  # cancelled
        if isinstance(outcome, RoopError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
