"""Delete uploads and results that have expired."""

import time
from contextlib import suppress
from pathlib import Path

from roop.errors import RoopError, UsageError
from roop.jobs.queued_job import ENDED, QueuedJob, State
from roop.pipeline.people.paths import reference_paths, source_paths
from roop.server.services import Services

PERIOD_S = 60.0
"""Time between two sweeps."""

_UNFINISHED: tuple[State, ...] = ("waiting", "running", "paused")


def paths_in_use(services: Services) -> set[Path]:
    """Return the files that unfinished jobs use."""
    found: set[Path] = set()
    for queued in services.queue.jobs(states=_UNFINISHED):
        with suppress(RoopError):
            job = queued.job
            found |= {job.target, *source_paths(job), *reference_paths(job)}
    return found


def media_in_use(services: Services) -> set[str]:
    """Return the ids of the media that unfinished jobs use."""
    media = services.storage.media
    return {id for path in paths_in_use(services) if (id := media.id_of(path))}


def sweep(services: Services) -> None:
    """Delete uploads, media, jobs and results that have expired."""
    limit = time.time() - services.options.retention_s
    _sweep_jobs(services, limit)
    for upload in services.storage.uploads.all():
        if upload.changed < limit:
            services.storage.uploads.remove(upload.id)
    needed = media_in_use(services)
    for item in services.storage.media.all():
        if item.used < limit and item.id not in needed:
            services.people.remove(item.id)
            services.storage.media.remove(item.id)
    services.storage.captures.sweep(limit)
    services.previews.sweep()


def _sweep_jobs(services: Services, limit: float) -> None:
    """Delete the server's jobs that ended before ``limit``, and folders without a job."""
    results = services.storage.results
    for queued in services.queue.jobs(states=ENDED):
        if queued.ended is not None and queued.ended < limit and results.owns(queued.job.output):
            remove_job(queued, services)
    for id in results.ids():
        made = results.age_of(id)
        if services.queue.get(id) is None and (made is None or made < limit):
            results.remove(id)


def remove_job(queued: QueuedJob, services: Services) -> None:
    """Remove a job from the queue, and delete its output if it is the server's.

    Raises:
        UsageError: It is running.
    """
    try:
        services.queue.remove(queued.id)
    except UsageError:
        if services.queue.get(queued.id) is not None:
            raise
    if services.storage.results.owns(queued.job.output):
        services.storage.results.remove(queued.id)
