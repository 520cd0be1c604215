"""Saved identities: list, show, save and delete them. Their ids are sources, as those of photos."""

import base64
from datetime import datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from roop.media.pictures.identity_file import (
    identity_path,
    is_identity_name,
    make_identities_folder,
)
from roop.server.responses.pages import CursorDep, LimitDep, page_of
from roop.server.responses.problems import JPEG, ApiError, responses
from roop.server.schema import Input, MediaId, Page, moment
from roop.server.services import ServicesDep
from roop.server.storage.identities import SavedIdentity
from roop.server.storage.retention import paths_in_use
from roop.server.studio.drafts import source_path
from roop.server.studio.requests import ask_studio

router = APIRouter(prefix="/identities", tags=["identities"])

_MOST_SOURCES = 100


class IdentityView(BaseModel):
    """A saved identity."""

    id: str = Field(description="may be used as a source")
    name: str
    bytes: int
    created: datetime | None
    picture: str = Field(description="address of a picture of the face")


class IdentityInput(Input):
    """A new saved identity."""

    name: str = Field(max_length=200, description="letters, digits, spaces, `-` and `_`")
    sources: list[MediaId] = Field(
        min_length=1, max_length=_MOST_SOURCES, description="photos that each show one face"
    )


@router.get("", responses=responses("bad_request"))
def identities(
    cursor: CursorDep, services: ServicesDep, limit: LimitDep = 50
) -> Page[IdentityView]:
    """List saved identities, including those of `roop identity`, newest first."""
    found, following = page_of(services.storage.identities.all(), cursor, limit)
    return Page(items=[_shown(saved) for saved in found], next=following)


@router.post(
    "",
    status_code=201,
    responses=responses("bad_request", "not_found", "conflict", "no_face", "refused", "disk_full"),
)
async def create(body: IdentityInput, services: ServicesDep) -> IdentityView:
    """Save the faces of photos under a name, after screening; they stay until they are deleted."""
    name = body.name.strip()
    if not is_identity_name(name):
        hint = "use up to 60 letters, digits, spaces, - and _"
        raise ApiError("usage", "this cannot be the name of a saved identity", hint=hint)
    if services.storage.identities.named(name) is not None:
        hint = "choose another name, or delete that one first"
        raise ApiError("conflict", f"there is a saved identity called {name}", hint=hint)
    await run_sync(services.storage.uploads.require_room, 0)
    await run_sync(make_identities_folder)
    photos = [str(source_path(id, services)) for id in body.sources]
    values = {"path": str(identity_path(name)), "photos": photos}
    await ask_studio(services, "save_identity", values)
    saved = services.storage.identities.named(name)
    if saved is None:
        raise ApiError("conflict", f"{name} was deleted meanwhile")
    return _shown(saved)


@router.get(
    "/{id}/picture",
    response_class=Response,
    responses=JPEG | responses("not_found", "refused"),
)
async def picture(
    id: str,
    services: ServicesDep,
    side: Annotated[int, Query(ge=16, le=1024, description="longest side in pixels")] = 240,
) -> Response:
    """Return the face of a saved identity as JPEG, after screening."""
    saved = services.storage.identities.get(id)
    found = await ask_studio(services, "identity", {"path": str(saved.path), "side": side})
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(base64.b64decode(found["jpeg"]), headers=headers, media_type="image/jpeg")


@router.delete("/{id}", status_code=204, responses=responses("not_found", "conflict"))
def remove(id: str, services: ServicesDep) -> None:
    """Delete a saved identity."""
    saved = services.storage.identities.get(id)
    if saved.path in paths_in_use(services):
        raise ApiError(
            "conflict", "a job that is not finished needs this face", hint="cancel the job first"
        )
    saved.path.unlink(missing_ok=True)


def _shown(saved: SavedIdentity) -> IdentityView:
    return IdentityView(
        id=saved.id,
        name=saved.name,
        bytes=saved.bytes,
        created=moment(saved.created),
        picture=f"/api/v1/identities/{saved.id}/picture?version={saved.created:.6f}",
    )
