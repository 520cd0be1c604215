"""The right to work on a job: it ends unless it is renewed, and with the process that has it."""

import platform
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psutil

from roop.errors import MediaError
from roop.jobs.queued_job import Wish

LEASE_S = 60.0
"""How long a lease lasts that nobody renews."""

RENEWAL_S = 10.0
"""Time between two renewals."""

_POLL_S = 0.1
"""Time between two checks of whether the job shall stop."""

_WISH_S = 0.25
"""Time between two checks of the queue for a wish of the person's."""

_CLOCK_S = 10.0
"""By how much the start of one process seems to differ after the clock was set."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to work on one job."""

    number: int
    """The job's row."""
    owner: str
    """The process that works on it, and a number that no other lease has."""


def owner_of_process(pid: int | None = None) -> str:
    """Return the owner's name of a new lease.

    Args:
        pid: The process that works; this one by default.
    """
    process = psutil.Process(pid)
    nonce = secrets.token_hex(4)
    return f"{platform.node()} {process.pid} {process.create_time()} {nonce}"


def is_alive(owner: str | None) -> bool:
    """Return True unless the owner's process is known to have ended.

    Nothing is known of processes of other machines: there only the lease's end counts.
    """
    if owner is None:
        return False
    node, pid, started, _ = owner.rsplit(" ", 3)
    if node != platform.node():
        return True
    try:
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started)) < _CLOCK_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


Renew = Callable[[Lease], bool]
"""Renews a lease; returns False if it has passed to somebody else."""

ReadWish = Callable[[Lease], Wish | None]


class LeaseKeeper:
    """Renews a lease in a thread, and stops the job when somebody wants that. A context manager.

    Args:
        lease: Of the job that this process works on.
        renew: Renews it in the queue.
        read_wish: Reads from the queue what a person wants of the job.
        stop: Stops all work of this process when it is set.
    """

    def __init__(
        self, lease: Lease, renew: Renew, read_wish: ReadWish, stop: threading.Event
    ) -> None:
        self.cancel = threading.Event()
        """Set when this job shall stop, with all work or alone."""
        self._lease = lease
        self._renew = renew
        self._read_wish = read_wish
        self._stop = stop
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="roop-lease")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join()

    def _keep(self) -> None:
        renewed = asked = time.monotonic()
        while not (self._leaving.is_set() or self.cancel.is_set()):
            # Not one wait for both: there is no event of two events.
            if self._stop.wait(0) or self._leaving.wait(_POLL_S):
                break
            now = time.monotonic()
            with suppress(MediaError):  # the queue is busy or gone: the job itself goes on
                if now - renewed >= RENEWAL_S:
                    renewed = now
                    if not self._renew(self._lease):
                        self.cancel.set()
                if now - asked >= _WISH_S:
                    asked = now
                    if self._read_wish(self._lease) is not None:
                        self.cancel.set()
        if self._stop.is_set():
            self.cancel.set()
