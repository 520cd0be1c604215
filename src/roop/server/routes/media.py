"""Uploaded photos and videos: properties, contents, frames, faces and people."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from roop.server.responses.files import file_answer
from roop.server.responses.pages import CursorDep, LimitDep, page_of
from roop.server.responses.problems import JPEG, ApiError, responses
from roop.server.schema import (
    FaceFound,
    FacesFound,
    Media,
    MediaId,
    Page,
    PeopleFound,
    PersonFound,
    moment,
)
from roop.server.services import Services, ServicesDep
from roop.server.storage.media import MediaItem
from roop.server.storage.retention import media_in_use
from roop.server.studio.people import FACES, FoundPeople
from roop.server.studio.requests import ask_studio

router = APIRouter(prefix="/media", tags=["media"])

_LARGEST = 1920
"""Longest side of a returned frame, in pixels."""


@router.get("", responses=responses("bad_request"))
def media(cursor: CursorDep, services: ServicesDep, limit: LimitDep = 50) -> Page[Media]:
    """List uploaded files, newest first."""
    items, following = page_of(services.storage.media.all(), cursor, limit)
    return Page(items=[shown(item, services) for item in items], next=following)


@router.get("/{id}", responses=responses("not_found"))
def one(id: MediaId, services: ServicesDep) -> Media:
    """Return the properties of a file."""
    return shown(services.storage.media.get(id), services)


@router.delete("/{id}", status_code=204, responses=responses("not_found", "conflict"))
def remove(id: MediaId, services: ServicesDep) -> None:
    """Delete a file; results of jobs stay."""
    item = services.storage.media.get(id)
    if item.id in media_in_use(services):
        raise ApiError(
            "conflict", "a job that is not finished needs this file", hint="cancel the job first"
        )
    forget(item.id, services)


@router.get(
    "/{id}/content",
    response_class=FileResponse,
    responses=responses("not_found", "range_not_satisfiable"),
)
@router.head("/{id}/content", include_in_schema=False)
def content(id: MediaId, request: Request, services: ServicesDep) -> Response:
    """Return the file, or a range of it."""
    item = services.storage.media.get(id)
    return file_answer(services.storage.media.path(item), item.type, item.name, request)


@router.get(
    "/{id}/frames/{number}",
    response_class=Response,
    responses=JPEG | responses("not_found", "refused"),
)
async def frame(
    id: MediaId,
    number: int,
    services: ServicesDep,
    side: Annotated[int, Query(ge=16, le=_LARGEST, description="longest side in pixels")] = 960,
) -> Response:
    """Return a frame as JPEG, after screening."""
    item = services.storage.media.get(id)
    values = {**_target(item, number, services), "side": side}
    found = await ask_studio(services, "frame", values)
    headers = {"Cache-Control": "private, max-age=3600", "X-Roop-Time": f"{found['time_s']:.6f}"}
    return Response(base64.b64decode(found["jpeg"]), headers=headers, media_type="image/jpeg")


@router.get("/{id}/frames/{number}/faces", responses=responses("not_found", "refused"))
async def faces(id: MediaId, number: int, services: ServicesDep) -> FacesFound:
    """Find the faces in a frame, and match them to the people found so far."""
    item = services.storage.media.get(id)
    values = {**_target(item, number, services), "faces": FACES.model_dump(mode="json")}
    found = await ask_studio(services, "faces", values)
    width, height = found["size"]
    return FacesFound(
        frame=number,
        width=width,
        height=height,
        faces=[FaceFound(**face) for face in found["faces"]],
    )


@router.get("/{id}/people", responses=responses("not_found"))
def people(id: MediaId, services: ServicesDep) -> PeopleFound:
    """Return the people found so far; the first request starts the search."""
    item = services.storage.media.get(id)
    services.storage.media.touch(id)
    found = services.people.find(id, str(services.storage.media.path(item)))
    return _people(id, found, services)


@router.get(
    "/{id}/people/{number}/picture",
    response_class=Response,
    responses=JPEG | responses("not_found"),
)
def picture(id: MediaId, number: int, services: ServicesDep) -> Response:
    """Return an image of a person's face as JPEG."""
    item = services.storage.media.get(id)
    found = services.people.find(id, str(services.storage.media.path(item)))
    if not 0 <= number < len(found.pictures):
        raise ApiError("not_found", "there is no such person", hint="see the list of people")
    return Response(found.pictures[number], media_type="image/jpeg")


def shown(item: MediaItem, services: Services) -> Media:
    """Return a file as clients see it."""
    expires = moment(item.used + services.options.retention_s)
    created = moment(item.created)
    if created is None or expires is None:
        raise TypeError("a time is missing")
    return Media.model_validate(
        {
            "id": item.id,
            "name": item.name,
            "kind": item.kind,
            "width": item.width,
            "height": item.height,
            "frames": item.frames,
            "fps": item.fps,
            "duration_s": item.duration_s,
            "codec": item.codec,
            "bytes": item.bytes,
            "created": created,
            "expires": expires,
            "content": f"/api/v1/media/{item.id}/content",
        }
    )


def forget(id: str, services: Services) -> None:
    """Delete a file and the people found in it."""
    services.people.remove(id)
    services.storage.media.remove(id)


def _target(item: MediaItem, number: int, services: Services) -> Mapping[str, Any]:
    if number < 0:
        raise ApiError("not_found", f"there is no frame number {number}")
    services.storage.media.touch(item.id)
    return {"target": str(services.storage.media.path(item)), "number": number}


def _people(id: str, found: FoundPeople, services: Services) -> PeopleFound:
    people = [
        PersonFound(**person, picture=f"/api/v1/media/{id}/people/{number}/picture")
        for number, person in enumerate(found.people)
    ]
    error = None if found.error is None else services.problem(found.error)
    return PeopleFound(state=found.state, people=people, error=error)
