"""Progress bars of a job, of downloads and of uploads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from roop.pipeline.progress import Progress, Watch

if TYPE_CHECKING:
    from rich.progress import TaskID


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Watch | None]:
    """Yield a callback that draws a job's progress on stderr, or None if not ``enabled``."""
    if not enabled:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(),
        TextColumn("{task.fields[frames]}"),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[memory]} MB"),
        console=Console(stderr=True),
        transient=True,  # the summary replaces it
    )
    task = bar.add_task("", total=None, frames="starting", fps=0.0, memory=_memory_mb())

    printed: set[str] = set()

    def watch(progress: Progress) -> None:
        if progress.note is not None and progress.note not in printed:
            printed.add(progress.note)
            bar.console.print(progress.note, markup=False, highlight=False)
        bar.update(
            task,
            completed=progress.frames,
            total=progress.total,
            frames=progress.activity or f"{progress.frames}/{progress.total or '?'} frames",
            fps=progress.fps,
            memory=_memory_mb(),
        )

    with bar:
        yield watch


def _memory_mb() -> int:
    """Return the megabytes used by this process and its workers."""
    import psutil

    process = psutil.Process()
    total = process.memory_info().rss
    for worker in process.children():
        with suppress(psutil.Error):  # it has just ended
            total += worker.memory_info().rss
    return int(total // 1_000_000)


DrawTransfer = Callable[[str, int, int | None], None]
"""Takes the name of a file, the bytes transferred and the size in bytes, if known."""


@contextmanager
def transfer_bar(*, enabled: bool) -> Iterator[DrawTransfer]:
    """Yield a function that draws downloads or uploads on stderr, or nothing if not ``enabled``."""
    if not enabled:
        yield lambda name, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def draw(name: str, done: int, total: int | None) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(name, total=total)
        bar.update(tasks[name], completed=done, total=total)

    with bar:
        yield draw
