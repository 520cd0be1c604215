"""Previews of single frames."""

import base64
from typing import Literal

from fastapi import APIRouter, Response

from roop.errors import CancelledError
from roop.server.responses.problems import JPEG, ApiError, responses
from roop.server.schema import PreviewInput, PreviewView
from roop.server.services import ServicesDep
from roop.server.storage.ids import new_id
from roop.server.studio.drafts import draft_of
from roop.server.studio.requests import ask_studio

router = APIRouter(prefix="/previews", tags=["previews"])


@router.post(
    "",
    status_code=201,
    responses=responses("bad_request", "refused", "no_face", "not_found", "conflict"),
)
async def create(body: PreviewInput, services: ServicesDep) -> PreviewView:
    """Swap one frame, which is screened and labelled."""
    draft = draft_of(body.draft, services)
    values = {
        "draft": draft.model_dump(mode="json"),
        "time_s": body.time_s,
        "viewer": body.viewer or new_id(),
    }
    try:
        found = await ask_studio(services, "preview", values)
    except CancelledError as error:
        raise ApiError("conflict", "there is a newer request for a preview") from error
    before, after = (base64.b64decode(found[name]) for name in ("before", "after"))
    id = services.previews.add(before, after)
    width, height = found["size"]
    return PreviewView(
        id=id,
        before=f"/api/v1/previews/{id}/before",
        after=f"/api/v1/previews/{id}/after",
        time_s=found["time_s"],
        width=width,
        height=height,
        faces=[face["box"] for face in found["faces"]],
        visible_faces=found["visible_faces"],
        warnings=[services.redact(warning) for warning in found["warnings"]],
    )


@router.get(
    "/{id}/{side}",
    response_class=Response,
    responses=JPEG | responses("not_found"),
)
def picture(id: str, side: Literal["before", "after"], services: ServicesDep) -> Response:
    """Return an image of a preview as JPEG; it is kept for ten minutes."""
    shown = services.previews.get(id)
    if shown is None:
        raise ApiError("not_found", "there is no such preview", hint="ask for a new one")
    return Response(shown.before if side == "before" else shown.after, media_type="image/jpeg")
