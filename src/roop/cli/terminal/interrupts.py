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

Handler = Callable[[int, FrameType | None], object]

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def leave_on_signals() -> Iterator[None]:
    """Until a job runs there is nothing to clean up: a signal ends the process at once."""
    before = _install(_leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def cancel_on_signals() -> threading.Event:
    """Return an event that a signal sets from now on, however often it comes.

    The job then cleans up and ends. It stays so after the job: when the output stands, saying that
    nothing was written would be wrong.
    """
    cancel = threading.Event()
    _install(lambda number, frame: cancel.set())
    return cancel


def _install(handler: Handler) -> dict[int, Handler | int | None]:
    """Set ``handler`` and return what was there before."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # signals reach the main thread only
    numbers = [n for n in _SIGNALS if n == signal.SIGINT or not _ignored(n)]
    return {number: signal.signal(number, handler) for number in numbers}


def _ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN  # nohup stays nohup


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, f"\n{MESSAGE}\n".encode())
    os._exit(CANCELLED)  # raising here could be swallowed by an import in progress
