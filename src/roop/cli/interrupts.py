"""What Ctrl+C and a request to terminate do, before and while a job runs."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

CANCELLED = 130
"""The exit code of a command that the person stopped."""

MESSAGE = "cancelled, nothing was written"

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def leave_on_signals() -> Iterator[None]:
    """Until a job runs there is nothing to clean up: a signal ends the process at once."""
    with _handled(_leave):
        yield


@contextmanager
def cancel_on_signals() -> Iterator[threading.Event]:
    """Give an event that a signal sets, however often it comes; the job cleans up and ends."""
    cancel = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        cancel.set()

    with _handled(note):
        yield cancel


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only; who called from elsewhere has handlers already
        return
    ignored = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    numbers = [n for n in _SIGNALS if n == signal.SIGINT or n not in ignored]  # nohup stays nohup
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, f"\n{MESSAGE}\n".encode())
    os._exit(CANCELLED)  # raising here could be swallowed by an import in progress
