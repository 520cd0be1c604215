"""Previews of single frames, and of a few seconds."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from roop.errors import CancelledError
from roop.server.responses.problems import JPEG, ApiError, responses
from roop.server.schema import ClipInput, PreviewInput, PreviewView
from roop.server.services import Services, ServicesDep
from roop.server.storage.ids import new_id
from roop.server.studio.drafts import draft_of
from roop.server.studio.requests import ask_studio

router = APIRouter(prefix="/previews", tags=["previews"])

_MP4: dict[int | str, dict[str, Any]] = {
    200: {"description": "a video", "content": {"video/mp4": {}}}
}

_POLL_S = 0.2
"""Time between two checks whether the client still waits."""


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


@router.post(
    "/clips",
    response_class=Response,
    responses=_MP4 | responses("bad_request", "refused", "no_face", "not_found", "conflict"),
)
async def clip(body: ClipInput, request: Request, services: ServicesDep) -> Response:
    """Swap a few seconds of a video; a client that hangs up cancels it.

    Returns an MP4 file, which is screened, labelled and signed.
    """
    draft = draft_of(body.draft, services)
    values = {
        "draft": draft.model_dump(mode="json"),
        "start_s": body.start_s,
        "seconds": body.seconds,
        "viewer": body.viewer or new_id(),
    }
    try:
        found = await _while_wanted(values, request, services)
    except CancelledError as error:
        raise ApiError("conflict", "there is a newer request for a preview") from error
    return Response(base64.b64decode(found["mp4"]), media_type="video/mp4")


async def _while_wanted(
    values: Mapping[str, Any], request: Request, services: Services
) -> Mapping[str, Any]:
    """Return the clip; stop making it if the client hangs up."""
    asked = asyncio.ensure_future(ask_studio(services, "clip", values))
    while not (await asyncio.wait([asked], timeout=_POLL_S))[0]:
        if await request.is_disconnected():
            services.studio.send("cancel_clip", {"viewer": values["viewer"]})
    return asked.result()


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
