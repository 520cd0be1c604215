"""Jobs of the queue as clients see them, without paths."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roop.jobs.queued_job import QueuedJob
from roop.server.responses.problems import Problem, problem_of
from roop.server.schema import JobProgress, JobSummary, JobView, moment
from roop.server.services import Services


def job_view(queued: QueuedJob, services: Services) -> JobView:
    """Return a job as clients see it."""
    own = services.storage.results.owns(queued.job.output)
    request = services.storage.results.request(queued.id) if own else None
    expires = None
    if own and queued.ended is not None:
        expires = moment(queued.ended + services.options.retention_s)
    there = own and queued.state == "succeeded"
    shown = {
        "id": queued.id,
        "state": queued.state,
        "origin": queued.origin,
        "stopping": queued.wish,
        "name": name_of(queued, services),
        "target": _name(queued.job.target, services),
        "created": moment(queued.created),
        "started": moment(queued.started),
        "ended": moment(queued.ended),
        "expires": expires,
        "progress": _kept(JobProgress, queued.progress),
        "summary": _kept(JobSummary, _redacted(queued.result, services)),
        "error": error_of(queued, services),
        "request": request,
        "result": f"/api/v1/jobs/{queued.id}/result" if there else None,
    }
    return JobView.model_validate(shown)


def error_of(queued: QueuedJob, services: Services) -> Problem | None:
    """Return the error of a failed job, None for others."""
    if queued.error is None:
        return None
    hint = queued.error.get("hint")
    message = services.redact(queued.error["message"])
    return problem_of(queued.error["code"], message, hint and services.redact(hint))


def name_of(queued: QueuedJob, services: Services) -> str:
    """Return the file name of a job's result."""
    request = services.storage.results.request(queued.id)
    output = queued.job.output
    if request is None:
        return output.name
    if request.get("name"):
        return f"{request['name']}{output.suffix}"
    target = Path(_name(queued.job.target, services)).stem
    sources = [
        *queued.job.sources,
        *(path for each in queued.job.faces.map for path in each.source),
    ]
    source = f"{Path(_name(sources[0], services)).stem}-" if sources else ""
    return f"{source}{target}{output.suffix}"


def _name(path: Path, services: Services) -> str:
    """Return the name that the client gave a file."""
    id = services.storage.media.id_of(path)
    if id is None:
        return path.name
    return next((item.name for item in services.storage.media.all() if item.id == id), "deleted")


def _redacted(result: Mapping[str, Any] | None, services: Services) -> Mapping[str, Any] | None:
    if result is None:
        return None
    warnings = [services.redact(warning) for warning in result.get("warnings", ())]
    sources = [
        {**photo, "photo": services.redact(photo["photo"])} for photo in result.get("sources", ())
    ]
    return {**result, "warnings": warnings, "sources": sources}


def _kept(model: Any, values: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - a model's class
    """Build a model from the ``values`` that it has fields for."""
    if values is None:
        return None
    return model(**{name: value for name, value in values.items() if name in model.model_fields})
