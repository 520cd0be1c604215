"""Reports of the progress of a job as plain data, a few times a second."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from roop.errors import MediaError
from roop.pipeline.progress import Progress

PERIOD_S = 0.5
"""Least time between two reports of one job."""


class ProgressReport:
    """Reports progress a few times a second. A ``Watch``.

    Args:
        write: Receives the progress as plain data.
    """

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._write = write
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        """Report progress, unless it was reported just before."""
        now = time.monotonic()
        if now >= self._next or progress.frames == progress.total:
            self._next = now + PERIOD_S
            with suppress(MediaError):  # the queue is busy: the next report may succeed
                self._write(progress_to_dict(progress))


def progress_to_dict(progress: Progress) -> dict[str, Any]:
    """Return progress as plain data, with the rate and the time left."""
    done = progress.frames - progress.resumed
    left = None
    if progress.total is not None and done > 0 and progress.fps > 0:
        left = round(max(progress.total - progress.frames, 0) / progress.fps, 1)
    rate = {"fps": round(progress.fps, 2), "left_s": left}
    return dataclasses.asdict(progress) | {"elapsed_s": round(progress.elapsed_s, 2)} | rate
