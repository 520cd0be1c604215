"""Changes of the queue as server-sent events; a client that reconnects misses none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from anyio.to_thread import run_sync
from fastapi.sse import ServerSentEvent

from roop.jobs.queue import Changes
from roop.jobs.queued_job import ENDED
from roop.server.responses.job_views import job_view
from roop.server.services import Services


async def job_events(
    services: Services, since: int, *, only: str | None = None
) -> AsyncIterator[ServerSentEvent]:
    """Yield past changes, then new ones as they happen.

    Each event is the present state of a job, so a missed event makes no difference. Its id is the
    number of the change, which a client sends when it reconnects.

    Args:
        services: The services of the server.
        since: The number of the last change that the client knows.
        only: The id of a job; the stream ends when the job does.
    """
    with _wake_ups(services) as changed:
        while not services.stopping.is_set():
            changed.clear()
            changes = await run_sync(services.queue.changes, since)
            since = changes.revision
            for event in await run_sync(_events_of, changes, services, only):
                yield event
            if only is not None and _has_ended(changes, only):
                return
            await changed.wait()


def _events_of(changes: Changes, services: Services, only: str | None) -> list[ServerSentEvent]:
    events = [
        ServerSentEvent(event="job", id=str(job.revision), data=job_view(job, services))
        for job in changes.jobs
        if only in (None, job.id)
    ]
    events += [
        ServerSentEvent(event="removed", id=str(changes.revision), data={"id": id})
        for id in changes.removed
        if only in (None, id)
    ]
    return events


def _has_ended(changes: Changes, id: str) -> bool:
    return id in changes.removed or any(job.id == id and job.state in ENDED for job in changes.jobs)


@contextmanager
def _wake_ups(services: Services) -> Iterator[asyncio.Event]:
    """Yield an event that is set when the queue changes or the server stops."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def on_change(changes: Changes) -> None:
        loop.call_soon_threadsafe(changed.set)

    async def on_stop() -> None:
        await services.stopping.wait()
        changed.set()

    unsubscribe = services.feed.subscribe(on_change)
    stopping = asyncio.ensure_future(on_stop())
    try:
        yield changed
    finally:
        unsubscribe()
        stopping.cancel()
