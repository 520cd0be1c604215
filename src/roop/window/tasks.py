"""Work that the window's thread must not wait for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import RoopError, unexpected
from roop.pipeline.workers.child_process import Message
from roop.studio.studio_client import StudioClient
from roop.window.mailbox import Mailbox

T = TypeVar("T")

_THREADS = 4

Failed = Callable[[RoopError], None]
"""Receives the error, in the window's thread."""


class Tasks(Closing):
    """Runs functions in threads and requests in the studio's process. A context manager.

    Outcomes come back through the mailbox, in the window's thread.

    Args:
        mailbox: Of the window.
        studio: Decodes, analyses and previews.
    """

    def __init__(self, mailbox: Mailbox, studio: StudioClient) -> None:
        self.mailbox = mailbox
        self.studio = studio
        self._threads = ThreadPoolExecutor(_THREADS, "roop-window")
        self._closed = threading.Event()

    def run(self, work: Callable[[], T], done: Callable[[T], None], failed: Failed) -> None:
        """Run ``work`` in a thread.

        Args:
            work: Runs outside of the window's thread.
            done: Receives its result.
            failed: Receives its error instead.
        """

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # shown to the user
                found = error if isinstance(error, RoopError) else unexpected(error)
                self._post(lambda: failed(found))
            else:
                self._post(lambda: done(result))

        self._submit(run)

    def ask(
        self,
        name: str,
        values: Message,
        convert: Callable[[Message], T],
        done: Callable[[T], None],
        failed: Failed,
        on_more: Callable[[T], None] | None = None,
    ) -> None:
        """Send a request to the studio's process.

        Args:
            name: The kind of request.
            values: Its parameters.
            convert: Turns an answer into what ``done`` takes, outside of the window's thread.
            done: Receives the result.
            failed: Receives the error instead.
            on_more: Receives what comes before the result.
        """

        def more(message: Message) -> None:
            found = convert(message)
            if on_more is not None:
                self._post(lambda: on_more(found))

        def answered(future: Future[Message]) -> None:
            self._submit(lambda: self.run(lambda: convert(future.result()), done, failed))

        def send() -> None:
            future = self.studio.request(name, values, None if on_more is None else more)
            future.add_done_callback(answered)

        self._submit(send)

    def _submit(self, work: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # closed: nobody waits for it
            self._threads.submit(work)

    def _post(self, call: Callable[[], None]) -> None:
        if not self._closed.is_set():
            self.mailbox.post(call)

    @override
    def close(self) -> None:
        """Forget what has not begun, and wait for the rest."""
        self._closed.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
