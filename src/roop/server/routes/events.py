"""Changes of all jobs as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from roop.server.responses.event_stream import job_events
from roop.server.services import ServicesDep

router = APIRouter(tags=["jobs"])


@router.get("/events", response_class=EventSourceResponse)
async def events(
    services: ServicesDep,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream changes: `job` with the present state of a changed job, `removed` with an id.

    Starts after the change `Last-Event-ID`, by default with the next one.
    """
    since = last_event_id
    if since is None:
        since = await run_sync(services.queue.revision)
    async for event in job_events(services, since):
        yield event
