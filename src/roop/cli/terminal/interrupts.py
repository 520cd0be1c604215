"""Handle Ctrl+C and requests to terminate, before and during a job."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

CANCELLED = 130
"""The exit code of a cancelled command."""

CANCELLED_MESSAGE = "cancelled, nothing was written"

SignalHandler = Callable[[int, FrameType | None], object]

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let a signal end the process at once: before a job runs there is nothing to clean up."""
    before = _install(_exit)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def cancel_on_signals() -> threading.Event:
    """Return an event that signals set from now on.

    The job then cleans up and ends. The handlers stay after the job: once the output is complete,
    a late signal must not claim that nothing was written.
    """
    cancel = threading.Event()
    _install(lambda number, frame: cancel.set())
    return cancel


def _install(handler: SignalHandler) -> dict[int, SignalHandler | int | None]:
    """Set ``handler`` for each signal and return the previous handlers."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # Python delivers signals to the main thread only
    numbers = [n for n in _SIGNALS if n == signal.SIGINT or not _ignored(n)]
    return {number: signal.signal(number, handler) for number in numbers}


def _ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN  # respect nohup


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, f"\n{CANCELLED_MESSAGE}\n".encode())
    os._exit(CANCELLED)  # an exception could be swallowed by an import in progress
