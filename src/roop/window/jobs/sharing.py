"""Shares an output: uploads it, and gets an address and its QR code."""

import threading
from dataclasses import dataclass
from functools import partial
from typing import Literal

from roop.errors import CancelledError, RoopError
from roop.options import ShareOptions
from roop.window.jobs.presenter import JobRow
from roop.window.observable import Observable
from roop.window.selection import Line
from roop.window.tasks import Tasks
from roop.window.texts import text


@dataclass(frozen=True, slots=True)
class SharedOutput:
    """An output that others can fetch."""

    name: str
    """For deleting it."""
    address: str
    until: str
    """In words."""
    qr: bytes
    """A PNG file."""


class SharePresenter:
    """Shares one output at a time.

    Args:
        tasks: Do the work.
        options: Where to share, and how.
    """

    def __init__(self, tasks: Tasks, options: ShareOptions) -> None:
        self._tasks = tasks
        self._options = options
        self._cancel = threading.Event()
        self.state: Observable[Literal["idle", "uploading"] | SharedOutput] = Observable("idle")
        self.problem: Observable[Line | None] = Observable(None)

    def share(self, row: JobRow) -> None:
        """Upload the output of a job."""
        self.problem.value = None
        self.state.value = "uploading"
        self._cancel = cancel = threading.Event()
        work = partial(_shared, row, self._options, cancel)
        self._tasks.run(work, self._done, self._failed)

    def stop(self) -> None:
        """Cancel the upload."""
        self._cancel.set()

    def close(self) -> None:
        """Show the address no longer."""
        self.state.value = "idle"

    def delete(self, shared: SharedOutput) -> None:
        """Delete what was uploaded."""
        self.state.value = "idle"

        def delete() -> None:
            from roop.share import delete_shared

            delete_shared(shared.name, options=self._options)

        self._tasks.run(delete, lambda _: None, self._failed)

    def _done(self, shared: SharedOutput) -> None:
        self.state.value = shared

    def _failed(self, error: RoopError) -> None:
        self.state.value = "idle"
        if not isinstance(error, CancelledError):
            self.problem.value = Line.of(error)


def _shared(row: JobRow, options: ShareOptions, cancel: threading.Event) -> SharedOutput:
    from roop.share import qr_png, share

    found = share(row.output, options=options, cancel=cancel)
    until = text("shareForever")
    if found.expires_at is not None:
        until = text("shareUntil", time=f"{found.expires_at.astimezone():%Y-%m-%d %H:%M}")
    return SharedOutput(found.name, found.address, until, qr_png(found.address))
