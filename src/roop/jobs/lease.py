"""Leases: the right to run a job, which ends unless it is renewed, and with its process."""

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
"""How long a lease lasts without renewal."""

LONGEST_S = 600.0
"""Longest time left of a lease that counts: more is damage, or a clock that was set back."""

RENEWAL_S = 10.0
"""Time between two renewals."""

_POLL_S = 0.1
"""Time between two checks whether to stop."""

_WISH_S = 0.25
"""Time between two checks of the queue for a wish of the user."""

_CLOCK_S = 10.0
"""Tolerance of a process's start time: it changes when the clock is set."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to run one job."""

    number: int
    """The job's row."""
    owner: str
    """The process, and a random number that is unique to the lease."""


def owner_of_process(pid: int | None = None) -> str:
    """Return the owner of a new lease.

    Args:
        pid: The process that runs the job; this one by default.
    """
    process = psutil.Process(pid)
    nonce = secrets.token_hex(4)
    return f"{platform.node()} {process.pid} {process.create_time()} {nonce}"


def is_alive(owner: str | None) -> bool:
    """Return True unless the owner's process is known to have ended.

    Processes of other machines cannot be checked: only the end of the lease counts.
    """
    if owner is None:
        return False
    try:
        node, pid, started, _ = owner.rsplit(" ", 3)
        number, start_time = int(pid), float(started)
        if node != platform.node():
            return True
        process = psutil.Process(number)
        same = abs(process.create_time() - start_time) < _CLOCK_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, OverflowError):  # or it is no owner
        return False


Renew = Callable[[Lease], bool]
"""Renews a lease; returns False if it has passed to somebody else."""

ReadWish = Callable[[Lease], Wish | None]


class LeaseKeeper:
    """Renews a lease in a thread, and stops the job on request. A context manager.

    Args:
        lease: The lease of a job of this process.
        renew: Renews it in the queue.
        read_wish: Reads the wish of the user from the queue.
        stop: Set to stop all jobs of this process.
    """

    def __init__(
        self, lease: Lease, renew: Renew, read_wish: ReadWish, stop: threading.Event
    ) -> None:
        self.cancel = threading.Event()
        """Set to stop this job."""
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
            # There is no wait for two events.
            if self._stop.wait(0) or self._leaving.wait(_POLL_S):
                break
            now = time.monotonic()
            with suppress(MediaError):  # the queue is busy: the job continues
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
