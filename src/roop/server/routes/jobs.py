"""Jobs: create, follow, stop and delete them, and fetch their results."""

import hashlib
import mimetypes
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from roop.errors import RoopError, UsageError
from roop.jobs.queued_job import ENDED, QueuedJob, State, Wish
from roop.jobs.statements import Request as QueueRequest
from roop.media.open import same_format_suffix
from roop.options import Job
from roop.server.responses.event_stream import job_events
from roop.server.responses.files import file_answer
from roop.server.responses.job_views import error_of, job_view, name_of
from roop.server.responses.pages import CursorDep, LimitDep, cursor_at, number_of
from roop.server.responses.problems import ApiError, responses
from roop.server.schema import JobInput, JobView, Page
from roop.server.services import Services, ServicesDep
from roop.server.storage.ids import display_name, new_id
from roop.server.storage.retention import remove_job
from roop.server.studio.drafts import draft_of

router = APIRouter(prefix="/jobs", tags=["jobs"])

_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": JobView, "description": "created by an earlier request with the same key"}
}

_STOP_S = 20.0
"""How long a deletion waits for a job to stop."""

_POLL_S = 0.2


def _job(
    id: Annotated[str, Path(max_length=64)],
    services: ServicesDep,
) -> QueuedJob:
    """Return the job with this id.

    Raises:
        ApiError: There is none.
    """
    queued = services.queue.get(id)
    if queued is None:
        raise ApiError("not_found", "there is no such job", hint="it may have expired")
    return queued


JobDep = Annotated[QueuedJob, Depends(_job)]


@router.post(
    "",
    status_code=201,
    responses=_KNOWN | responses("bad_request", "not_found", "usage", "too_many", "disk_full"),
)
def create(
    body: JobInput,
    response: Response,
    services: ServicesDep,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="requests with the same key create one job")
    ] = None,
) -> JobView:
    """Create a job."""
    request = _request(body, idempotency_key)
    if request is not None and (known := _known(request, services)) is not None:
        response.status_code = 200
        return job_view(known, services)
    services.storage.uploads.require_room(0)
    job, id = _new_job(body, services)
    try:
        queued = _submitted(job, id, request, services)
    except ApiError:
        services.storage.results.remove(id)
        raise
    if queued.id != id:  # the same request came twice at the same time
        services.storage.results.remove(id)
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/jobs/{queued.id}"
    return job_view(queued, services)


@router.get("", responses=responses("bad_request"))
def jobs(
    cursor: CursorDep,
    services: ServicesDep,
    limit: LimitDep = 50,
    state: Annotated[list[State] | None, Query(description="only jobs in these states")] = None,
) -> Page[JobView]:
    """List the jobs of the queue, including those of `roop batch`, newest first."""
    found = services.queue.jobs(states=state or (), before=number_of(cursor), limit=limit + 1)
    page = found[:limit]
    following = cursor_at(str(page[-1].number)) if len(found) > limit else None
    return Page(items=[job_view(queued, services) for queued in page], next=following)


@router.get("/{id}", responses=responses("not_found"))
def one(queued: JobDep, services: ServicesDep) -> JobView:
    """Return a job."""
    return job_view(queued, services)


@router.delete("/{id}", status_code=204, responses=responses("not_found", "conflict"))
def remove(queued: JobDep, services: ServicesDep) -> None:
    """Stop and delete a job and its result."""
    if queued.state not in ENDED:
        with suppress(UsageError):  # it has ended meanwhile
            services.queue.ask(queued.id, "cancel")
        deadline = time.monotonic() + _STOP_S
        while _is_running(queued.id, services) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    try:
        remove_job(queued, services)
    except UsageError as error:
        raise ApiError("conflict", "the job has not stopped yet", hint="try again") from error


@router.post("/{id}/cancel", responses=responses("not_found", "conflict"))
def cancel(queued: JobDep, services: ServicesDep) -> JobView:
    """Cancel a job; a retry resumes after its last finished segment."""
    return _asked(queued, "cancel", services)


@router.post("/{id}/pause", responses=responses("not_found", "conflict"))
def pause(queued: JobDep, services: ServicesDep) -> JobView:
    """Pause a job; finished segments of a long video are kept."""
    return _asked(queued, "pause", services)


@router.post("/{id}/resume", responses=responses("not_found", "conflict"))
def resume(queued: JobDep, services: ServicesDep) -> JobView:
    """Resume a paused job."""
    return _waiting_again(queued, ("paused",), services)


@router.post("/{id}/retry", responses=responses("not_found", "conflict"))
def retry(queued: JobDep, services: ServicesDep) -> JobView:
    """Retry a failed or cancelled job."""
    return _waiting_again(queued, ("failed", "cancelled"), services)


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses=responses("not_found"),
)
async def events(
    queued: JobDep,
    services: ServicesDep,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream the present state of a job, then its changes until it has ended."""
    since = queued.revision - 1 if last_event_id is None else last_event_id
    async for event in job_events(services, since, only=queued.id):
        yield event


@router.get(
    "/{id}/result",
    response_class=Response,
    responses=responses("not_found", "conflict", "gone", "refused", "range_not_satisfiable"),
)
@router.head("/{id}/result", include_in_schema=False)
def result(queued: JobDep, request: Request, services: ServicesDep) -> Response:
    """Return the output of a job, or the error of a failed job."""
    output = require_output(queued, services)
    media_type = mimetypes.guess_type(output.name)[0] or "application/octet-stream"
    return file_answer(output, media_type, name_of(queued, services), request, download=True)


def require_output(queued: QueuedJob, services: Services) -> FilePath:
    """Return the output of a job.

    Raises:
        ApiError: There is none, or it does not belong to the server.
    """
    error = error_of(queued, services)
    if error is not None:
        raise ApiError(error.code, error.detail, hint=error.hint)
    if queued.state != "succeeded":
        raise ApiError("conflict", f"the job is {queued.state}", hint="wait until it has succeeded")
    if not services.storage.results.owns(queued.job.output):
        raise ApiError("not_found", "the output of this job is not the server's to give")
    return queued.job.output


def _request(body: JobInput, key: str | None) -> QueueRequest | None:
    if key is None:
        return None
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    return QueueRequest(key, digest)


def _known(request: QueueRequest, services: Services) -> QueuedJob | None:
    try:
        return services.queue.requested(request)
    except UsageError as error:
        raise ApiError("usage", str(error), hint=error.hint) from error


def _new_job(body: JobInput, services: Services) -> tuple[Job, str]:
    """Return the job for a request, and its id; create its folder."""
    draft = draft_of(body, services)
    trial = draft.job(services.storage.folder / "output", services.registry)
    suffix = same_format_suffix(trial.target, trial.video)
    request = body.model_dump(mode="json", exclude_defaults=True)
    if body.name is not None:
        request["name"] = display_name(body.name)
    id = new_id()
    output = services.storage.results.create(id, request, suffix)
    # If the output exists, the job itself wrote it before its process was killed.
    return trial.model_copy(update={"output": output, "force": True}), id


def _submitted(job: Job, id: str, request: QueueRequest | None, services: Services) -> QueuedJob:
    try:
        return services.queue.submit(job, id=id, request=request, limit=services.options.max_queue)
    except UsageError as error:
        code = "usage" if "Idempotency-Key" in str(error) else "too_many"
        raise ApiError(code, str(error), hint=error.hint) from error


def _asked(queued: QueuedJob, wish: Wish, services: Services) -> JobView:
    try:
        return job_view(services.queue.ask(queued.id, wish), services)
    except UsageError as error:
        raise ApiError("conflict", str(error), hint=error.hint) from error


def _waiting_again(queued: QueuedJob, states: tuple[State, ...], services: Services) -> JobView:
    try:
        return job_view(services.queue.wait_again(queued.id, states=states), services)
    except UsageError as error:
        raise ApiError("conflict", str(error), hint=error.hint) from error


def _is_running(id: str, services: Services) -> bool:
    with suppress(RoopError):
        queued = services.queue.get(id)
        return queued is not None and queued.state == "running"
    return True
