"""Turn what a client chose into a draft; only ids of uploads become file names."""

from pathlib import Path

from roop.options import Assignment
from roop.server.responses.problems import ApiError
from roop.server.schema import AssignmentInput, DraftInput, LiveInput
from roop.server.services import Services
from roop.server.studio.job_options import require_allowed
from roop.studio.draft import Draft


def draft_of(body: DraftInput, services: Services) -> Draft:
    """Return the draft for a request.

    Raises:
        ApiError: A file is missing or not a photo, or clients may not set an option.
    """
    media = services.storage.media
    target = media.get(body.target)
    media.touch(target.id)
    draft = _without_target(body, services)
    path = media.path(target)
    options = services.defaults.complete(draft.options, path)
    return draft.model_copy(update={"target": path, "options": options})


def live_draft_of(body: LiveInput, services: Services) -> Draft:
    """Return the draft of a live swap, which has no target; raises as ``draft_of``."""
    return _without_target(body, services)


def _without_target(body: DraftInput | LiveInput, services: Services) -> Draft:
    require_allowed(body.options, services.registry)
    return Draft(
        sources=tuple(source_path(id, services) for id in body.sources),
        assignments=tuple(_assignment(each, services) for each in body.assignments),
        options=body.options,
    )


def _assignment(body: AssignmentInput, services: Services) -> Assignment:
    return Assignment(
        source=tuple(source_path(id, services) for id in body.sources),
        position=body.position,
        frame=body.frame,
        reference=None if body.reference is None else source_path(body.reference, services),
    )


def source_path(id: str, services: Services) -> Path:
    """Return the file of a photo or a saved identity.

    Raises:
        ApiError: There is none, or it is a video.
    """
    saved = services.storage.identities.find(id)
    if saved is not None:
        return saved.path
    item = services.storage.media.get(id)
    if item.kind == "video":
        raise ApiError("usage", f"{item.name} is a video", hint="faces are taken from photos")
    services.storage.media.touch(id)
    return services.storage.media.path(item)
