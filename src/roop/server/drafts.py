"""Turn what a client has chosen into a draft: media become files, nothing else does."""

from pathlib import Path

from roop.options import Assignment
from roop.server.job_options import require_allowed
from roop.server.problems import ApiError
from roop.server.schema import AssignmentSent, DraftSent, LiveSent
from roop.server.services import Services
from roop.studio.draft import Draft


def draft_of(sent: DraftSent, services: Services) -> Draft:
    """Return the draft that a client means.

    Raises:
        ApiError: A file is gone or no photo, or an option is not for clients.
    """
    media = services.storage.media
    target = media.get(sent.target)
    media.touch(target.id)
    draft = _without_target(sent, services)
    return draft.model_copy(update={"target": media.path(target)})


def live_draft_of(sent: LiveSent, services: Services) -> Draft:
    """Return the draft of a live swap, which has no target; for the errors see above."""
    return _without_target(sent, services)


def _without_target(sent: DraftSent | LiveSent, services: Services) -> Draft:
    require_allowed(sent.options, services.registry)
    return Draft(
        sources=tuple(_photo(id, services) for id in sent.sources),
        assignments=tuple(_assignment(each, services) for each in sent.assignments),
        options=sent.options,
    )


def _assignment(sent: AssignmentSent, services: Services) -> Assignment:
    return Assignment(
        source=tuple(_photo(id, services) for id in sent.sources),
        position=sent.position,
        frame=sent.frame,
        reference=None if sent.reference is None else _photo(sent.reference, services),
    )


def _photo(id: str, services: Services) -> Path:
    item = services.storage.media.get(id)
    if item.kind == "video":
        raise ApiError("usage", f"{item.name} is a video", hint="faces are taken from photos")
    services.storage.media.touch(id)
    return services.storage.media.path(item)
