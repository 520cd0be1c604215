"""The progress bar: frames, speed, time left and memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from roop.pipeline.progress import Progress, Watch


@contextmanager
def progress(*, shown: bool) -> Iterator[Watch | None]:
    """Give a watcher that draws on stderr, or None if nothing is to be drawn."""
    if not shown:
        yield None
        return
    import psutil
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    process = psutil.Process()
    bar = Bar(
        BarColumn(),
        TextColumn("{task.fields[frames]}"),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[memory]} MB"),
        console=Console(stderr=True),
        transient=True,  # the summary says it all
    )

    def memory() -> int:
        return int(process.memory_info().rss // 1_000_000)

    task = bar.add_task("", total=None, frames="starting", fps=0.0, memory=memory())

    def watch(seen: Progress) -> None:
        bar.update(
            task,
            completed=seen.frames,
            total=seen.total,
            frames=f"{seen.frames}/{seen.total or '?'} frames",
            fps=seen.fps,
            memory=memory(),
        )

    with bar:
        yield watch
