"""Uploads of results to the share target, and their progress."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from roop.options import ShareOptions
from roop.server.responses.problems import ApiError
from roop.share import Shared, find_shared, share

AT_ONCE = 4
"""Each occupies a thread of those that answer requests."""


@dataclass(frozen=True, slots=True)
class ShareProgress:
    """How far an upload is."""

    sent: int
    """Bytes."""
    total: int


class ShareUploads:
    """Shares results: each once, a few at a time.

    Args:
        options: Where and how they are shared.
        stopping: Uploads are cancelled when it is set.
    """

    def __init__(self, options: ShareOptions, stopping: asyncio.Event) -> None:
        self._options = options
        self._stopping = stopping
        self._lock = threading.Lock()
        self._running: dict[str, ShareProgress] = {}

    def share(self, id: str, output: Path) -> tuple[Shared, bool]:
        """Share the output of the job ``id``.

        Returns:
            The link, and whether it is new.

        Raises:
            ApiError: It is being shared, or too many others are.
            RoopError: It could not be shared.
        """
        with self._reserved(id, output.stat().st_size):
            known = find_shared(output, self._options)
            if known is not None:
                return known, False
            cancel = threading.Event()

            def watch(sent: int, total: int) -> None:
                self._running[id] = ShareProgress(sent, total)
                if self._stopping.is_set():
                    cancel.set()

            return share(output, options=self._options, watch=watch, cancel=cancel), True

    def progress(self, id: str) -> ShareProgress | None:
        """Return how far the upload of a job's output is, None if there is none."""
        return self._running.get(id)

    @contextmanager
    def _reserved(self, id: str, size: int) -> Iterator[None]:
        with self._lock:
            if id in self._running:
                hint = "follow /shares/progress, then repeat the request for the link"
                raise ApiError("conflict", "the result is being shared", hint=hint)
            if len(self._running) >= AT_ONCE:
                hint = "wait until one has ended"
                raise ApiError("too_many", f"{AT_ONCE} results are being shared", hint=hint)
            self._running[id] = ShareProgress(0, size)
        try:
            yield
        finally:
            with self._lock:
                del self._running[id]
