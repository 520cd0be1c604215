"""Two progress bars: one for the whole batch, one for the job that runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from roop.pipeline.progress import Progress, Watch


class BatchProgress(Protocol):
    """Is told how far a batch is."""

    def begin(self, name: str) -> Watch | None:
        """A job of the target ``name`` begins; return who watches it."""
        ...

    def settled(self) -> None:
        """One more job is done, failed or skipped."""
        ...


class _Nothing:
    def begin(self, name: str) -> None: ...

    def settled(self) -> None: ...


@contextmanager
def batch_bars(*, shown: bool, total: int) -> Iterator[BatchProgress]:
    """Give bars that draw on stderr, or some that draw nothing.

    Args:
        shown: Draw.
        total: Jobs in all; 0 if nobody knows.
    """
    if not shown:
        yield _Nothing()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Drawn

    drawn = Drawn(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.fields[of]} {task.fields[unit]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,  # the table says it all
    )
    whole = drawn.add_task("batch", total=total or None, of=total or "?", unit="jobs")
    current = drawn.add_task("", total=None, of="?", unit="frames")

    class Shown:
        def begin(self, name: str) -> Watch:
            drawn.reset(current, description=name[-30:], total=None, of="?", unit="frames")
            return self._watch

        def settled(self) -> None:
            drawn.advance(whole)

        def _watch(self, seen: Progress) -> None:
            of = seen.total or "?"
            drawn.update(current, completed=seen.frames, total=seen.total, of=of)

    with drawn:
        yield Shown()
