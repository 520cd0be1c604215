"""The progress bar: frames, speed, time left and memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from roop.pipeline.progress import Progress, Watch

if TYPE_CHECKING:
    from rich.progress import TaskID


@contextmanager
def progress(*, shown: bool) -> Iterator[Watch | None]:
    """Give a watcher that draws on stderr, or None if nothing is to be drawn."""
    if not shown:
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
        transient=True,  # the summary says it all
    )
    task = bar.add_task("", total=None, frames="starting", fps=0.0, memory=_memory())

    told: set[str] = set()

    def watch(seen: Progress) -> None:
        if seen.note is not None and seen.note not in told:
            told.add(seen.note)
            bar.console.print(seen.note, markup=False, highlight=False)
        bar.update(
            task,
            completed=seen.frames,
            total=seen.total,
            frames=seen.activity or f"{seen.frames}/{seen.total or '?'} frames",
            fps=seen.fps,
            memory=_memory(),
        )

    with bar:
        yield watch


def _memory() -> int:
    """Return the megabytes of this process and its workers."""
    import psutil

    process = psutil.Process()
    total = process.memory_info().rss
    for worker in process.children():
        with suppress(psutil.Error):  # it has just ended
            total += worker.memory_info().rss
    return int(total // 1_000_000)


Draw = Callable[[str, int, int | None], None]
"""Takes the name of what is moved, the bytes that arrived and the bytes in all, where known."""


@contextmanager
def transfer_bar(*, shown: bool) -> Iterator[Draw]:
    """Give what draws on stderr how far downloads or uploads are, or does nothing."""
    if not shown:
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
