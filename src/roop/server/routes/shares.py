"""Share results: links and QR codes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from roop.jobs.queued_job import QueuedJob
from roop.server.responses.job_views import name_of
from roop.server.responses.pages import CursorDep, LimitDep, page_of
from roop.server.responses.problems import ApiError, responses
from roop.server.routes.jobs import JobDep, require_output
from roop.server.schema import Page
from roop.server.services import Services, ServicesDep
from roop.share import Shared, SharedFile, delete_shared, list_shared, qr_svg

router = APIRouter(prefix="/jobs/{id}/shares", tags=["shares"])

every = APIRouter(prefix="/shares", tags=["shares"])
"""Routes for what all jobs shared; a job may have been deleted, its link still works."""

_POLL_S = 0.2

_QR: dict[int | str, dict[str, Any]] = {
    200: {"description": "a QR code", "content": {"image/svg+xml": {}}}
}


class Progress(BaseModel):
    """How far an upload to the share target is."""

    sharing: bool = Field(description="whether the result is being uploaded now")
    sent: int = Field(description="bytes that have been sent")
    total: int = Field(description="bytes of the result")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A shared file in a list."""

    shared: SharedFile
    job: str

    @property
    def id(self) -> str:
        return self.shared.name

    @property
    def created(self) -> float:
        return self.shared.shared_at.timestamp()


class Share(BaseModel):
    """A link to a shared result."""

    name: str
    job: str = Field(description="the id of its job, which may have been deleted")
    title: str = Field(description="name of the result; of the shared file if its job was deleted")
    address: str | None
    expires: datetime | None = Field(description="when the link expires")
    bytes: int
    qr: str = Field(description="address of its QR code")


@router.post(
    "",
    status_code=201,
    responses=responses("not_found", "conflict", "too_many", "share"),
)
def create(queued: JobDep, response: Response, services: ServicesDep) -> Share:
    """Upload the result to the configured target; a repeated request returns the same link."""
    output = require_output(queued, services)
    if services.sharing.to is None:
        raise ApiError(
            "conflict",
            "no share target is configured on this server",
            hint="its owner names one in roop.toml (docs/share.md)",
        )
    shared, new = services.share_uploads.share(queued.id, output)
    if not new:
        response.status_code = 200
    return _shown(shared, queued.id, services)


@router.get("", responses=responses("not_found"))
def shares(queued: JobDep, services: ServicesDep) -> list[Share]:
    """List the links of a result."""
    return [_shown(shared, queued.id, services) for shared in _shared(queued)]


@router.get("/progress", responses=responses("not_found"))
def progress(queued: JobDep, services: ServicesDep) -> Progress:
    """Report how far the upload is, while a request to share waits for it."""
    return _progress(queued.id, services)


@router.get("/events", response_class=EventSourceResponse, responses=responses("not_found"))
async def events(queued: JobDep, services: ServicesDep) -> AsyncIterator[ServerSentEvent]:
    """Stream the progress of the upload until it has ended."""
    last = None
    while not services.stopping.is_set():
        now = _progress(queued.id, services)
        if now != last:
            yield ServerSentEvent(event="share", data=now)
        if not now.sharing:
            return
        last = now
        await asyncio.sleep(_POLL_S)


@router.get(
    "/{name}/qr",
    response_class=Response,
    responses=_QR | responses("not_found"),
)
def qr(name: str, queued: JobDep, services: ServicesDep) -> Response:
    """Return the QR code of a link as SVG."""
    return _code_of(_named(name, queued))


@router.delete("/{name}", status_code=204, responses=responses("not_found", "share"))
def remove(name: str, queued: JobDep, services: ServicesDep) -> None:
    """Delete a shared file; its link stops working."""
    delete_shared(_named(name, queued).name, options=services.sharing)


@every.get("", responses=responses("bad_request"))
def all_shares(cursor: CursorDep, services: ServicesDep, limit: LimitDep = 50) -> Page[Share]:
    """List the links of all jobs, newest first."""
    page, following = page_of(_all(services), cursor, limit)
    items = [_shown(each.shared, each.job, services) for each in page]
    return Page(items=items, next=following)


@every.get("/{name}/qr", response_class=Response, responses=_QR | responses("not_found"))
def qr_of_any(name: str, services: ServicesDep) -> Response:
    """Return the QR code of a link as SVG, also if its job was deleted."""
    for each in _all(services):
        if each.id == name:
            return _code_of(each.shared)
    raise _unknown()


@every.delete("/{name}", status_code=204, responses=responses("not_found", "share"))
def remove_any(name: str, services: ServicesDep) -> None:
    """Delete a shared file, also if its job was deleted; its link stops working."""
    if all(each.id != name for each in _all(services)):
        raise _unknown()
    delete_shared(name, options=services.sharing)


def _all(services: Services) -> list[_Listed]:
    """Return what jobs of this server shared, the latest first."""
    owns = services.storage.results.owns
    found = [
        _Listed(shared, shared.file.parent.name)
        for shared in list_shared()
        if shared.file is not None and owns(shared.file)
    ]
    return sorted(found, key=lambda each: (each.created, each.id), reverse=True)


def _progress(id: str, services: Services) -> Progress:
    now = services.share_uploads.progress(id)
    if now is None:
        return Progress(sharing=False, sent=0, total=0)
    return Progress(sharing=True, sent=now.sent, total=now.total)


def _shared(queued: QueuedJob) -> Iterator[SharedFile]:
    yield from (each for each in list_shared() if each.file == queued.job.output)


def _named(name: str, queued: QueuedJob) -> SharedFile:
    for shared in _shared(queued):
        if shared.name == name:
            return shared
    raise _unknown()


def _unknown() -> ApiError:
    return ApiError("not_found", "nothing of this name was shared", hint="list what was shared")


def _code_of(shared: SharedFile) -> Response:
    if shared.address is None:
        raise ApiError("not_found", "its address is not known any more")
    return Response(qr_svg(shared.address), media_type="image/svg+xml")


def _shown(shared: Shared | SharedFile, job: str, services: Services) -> Share:
    queued = services.queue.get(job)
    return Share(
        name=shared.name,
        job=job,
        title=shared.name if queued is None else name_of(queued, services),
        address=shared.address,
        expires=shared.expires_at,
        bytes=shared.size,
        qr=f"/api/v1/shares/{shared.name}/qr",
    )
