"""Share results: links and QR codes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from roop.jobs.queued_job import QueuedJob
from roop.server.responses.problems import ApiError, responses
from roop.server.routes.jobs import JobDep, require_output
from roop.server.services import ServicesDep
from roop.share import Shared, SharedFile, delete_shared, find_shared, list_shared, qr_svg, share

router = APIRouter(prefix="/jobs/{id}/shares", tags=["shares"])

_QR: dict[int | str, dict[str, Any]] = {
    200: {"description": "a QR code", "content": {"image/svg+xml": {}}}
}


class Share(BaseModel):
    """A link to a shared result."""

    name: str
    address: str | None
    expires: datetime | None = Field(description="when the link expires")
    bytes: int
    qr: str = Field(description="address of its QR code")


@router.post(
    "",
    status_code=201,
    responses=responses("not_found", "conflict", "share"),
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
    known = find_shared(output, services.sharing)
    if known is not None:
        response.status_code = 200
    return _shown(known or share(output, options=services.sharing), queued)


@router.get("", responses=responses("not_found"))
def shares(queued: JobDep, services: ServicesDep) -> list[Share]:
    """List the links of a result."""
    return [_shown(shared, queued) for shared in _shared(queued)]


@router.get(
    "/{name}/qr",
    response_class=Response,
    responses=_QR | responses("not_found"),
)
def qr(name: str, queued: JobDep, services: ServicesDep) -> Response:
    """Return the QR code of a link as SVG."""
    shared = _named(name, queued)
    if shared.address is None:
        raise ApiError("not_found", "its address is not known any more")
    return Response(qr_svg(shared.address), media_type="image/svg+xml")


@router.delete("/{name}", status_code=204, responses=responses("not_found", "share"))
def remove(name: str, queued: JobDep, services: ServicesDep) -> None:
    """Delete a shared file; its link stops working."""
    delete_shared(_named(name, queued).name, options=services.sharing)


def _shared(queued: QueuedJob) -> Iterator[SharedFile]:
    yield from (each for each in list_shared() if each.file == queued.job.output)


def _named(name: str, queued: QueuedJob) -> SharedFile:
    for shared in _shared(queued):
        if shared.name == name:
            return shared
    raise ApiError("not_found", "nothing of this name was shared")


def _shown(shared: Shared | SharedFile, queued: QueuedJob) -> Share:
    return Share(
        name=shared.name,
        address=shared.address,
        expires=shared.expires_at,
        bytes=shared.size,
        qr=f"/api/v1/jobs/{queued.id}/shares/{shared.name}/qr",
    )
