"""Recordings and stills of cameras: list, fetch and delete them."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from roop.server.responses.files import file_answer
from roop.server.responses.pages import CursorDep, LimitDep, page_of
from roop.server.responses.problems import responses
from roop.server.schema import Page, moment
from roop.server.services import ServicesDep

router = APIRouter(prefix="/captures", tags=["live"])

_TYPES = {".mp4": "video/mp4", ".png": "image/png"}


class CaptureView(BaseModel):
    """A recording or a still of a camera, labelled, marked and signed."""

    name: str
    bytes: int
    created: datetime | None
    expires: datetime | None = Field(description="when it is deleted")
    content: str = Field(description="address of the file")


@router.get("", responses=responses("bad_request"))
def captures(cursor: CursorDep, services: ServicesDep, limit: LimitDep = 50) -> Page[CaptureView]:
    """List recordings and stills, newest first."""
    found, following = page_of(services.storage.captures.all(), cursor, limit)
    items = [
        CaptureView(
            name=capture.name,
            bytes=capture.bytes,
            created=moment(capture.created),
            expires=moment(capture.created + services.options.retention_s),
            content=f"/api/v1/captures/{capture.name}",
        )
        for capture in found
    ]
    return Page(items=items, next=following)


@router.get(
    "/{name}",
    response_class=FileResponse,
    responses=responses("not_found", "gone", "range_not_satisfiable"),
)
@router.head("/{name}", include_in_schema=False)
def one(name: str, request: Request, services: ServicesDep) -> Response:
    """Return a recording or a still, or a range of it."""
    path = services.storage.captures.path(name)
    return file_answer(path, _TYPES[path.suffix], name, request)


@router.delete("/{name}", status_code=204, responses=responses("not_found"))
def remove(name: str, services: ServicesDep) -> None:
    """Delete a recording or a still."""
    services.storage.captures.path(name).unlink(missing_ok=True)
