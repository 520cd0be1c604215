"""Progress bars of a batch: one for all jobs, one for the job that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from roop.pipeline.progress import Progress, Watch


class BatchProgress(Protocol):
    """Follows the jobs of a batch."""

    def start_job(self, target: str) -> Watch | None:
        """Note that a job starts; return the callback for its progress."""
        ...

    def finish_job(self) -> None:
        """Note that a job is done, failed or skipped."""
        ...


class _NoBars:
    def start_job(self, target: str) -> None: ...

    def finish_job(self) -> None: ...


@contextmanager
def batch_bars(*, enabled: bool, total: int) -> Iterator[BatchProgress]:
    """Yield bars that draw on stderr, or draw nothing if not ``enabled``.

    Args:
        enabled: Draw the bars.
        total: Number of jobs; 0 if unknown.
    """
    if not enabled:
        yield _NoBars()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Display

    display = Display(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.fields[of]} {task.fields[unit]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,  # the table replaces it
    )
    batch = display.add_task("batch", total=total or None, of=total or "?", unit="jobs")
    job = display.add_task("", total=None, of="?", unit="frames")

    class Bars:
        def start_job(self, target: str) -> Watch:
            display.reset(job, description=target[-30:], total=None, of="?", unit="frames")
            return self._watch

        def finish_job(self) -> None:
            display.advance(batch)

        def _watch(self, progress: Progress) -> None:
            of = progress.total or "?"
            display.update(job, completed=progress.frames, total=progress.total, of=of)

    with display:
        yield Bars()
