"""A job of the queue, with its state and results."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from roop.errors import MediaError, RoopError
from roop.options import Job
from roop.pipeline.people.paths import reference_paths, source_paths

State = Literal["waiting", "running", "paused", "succeeded", "failed", "cancelled"]

Outcome = Literal["waiting", "paused", "succeeded", "failed", "cancelled"]
"""States that a running job may end in."""

Wish = Literal["cancel", "pause"]
"""What a user wants of a running job."""

Origin = Literal["batch", "studio"]
"""Who runs it: the ``roop batch`` that added it, or the next free runner."""

ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")
"""Final states."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job of the queue at the time it was read."""

    number: int
    """Its row number, which grows with each job."""
    id: str
    """Its public id."""
    job: Job
    """All its paths are absolute."""
    origin: Origin
    state: State
    wish: Wish | None
    starts: int
    """How often it was started since it was submitted or retried."""
    created: float
    """Seconds since 1970, as all times here."""
    started: float | None
    """When it was last started."""
    ended: float | None
    progress: Mapping[str, Any] | None
    """The last reported progress, from ``progress_to_dict``."""
    result: Mapping[str, Any] | None
    """Of a job that succeeded: the fields of a ``JobResult``."""
    error: Mapping[str, Any] | None
    """Of a job that failed: its code, message and hint."""
    revision: int
    """Number of the last change of the queue that concerned it."""

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "QueuedJob":
        """Return what a row of the table ``jobs`` holds.

        Raises:
            MediaError: It cannot be read.
        """
        try:
            return cls._from_row(row)
        except (ValueError, RecursionError) as error:
            raise MediaError(
                f"the job {row['id']} of the queue cannot be read",
                hint="it may be that of another version of roop, or the queue is damaged",
            ) from error

    @classmethod
    def _from_row(cls, row: sqlite3.Row) -> "QueuedJob":
        if row["state"] not in get_args(State):
            raise ValueError(f"no such state: {row['state']}")
        return cls(
            number=row["number"],
            id=row["id"],
            job=Job.model_validate_json(row["job"]),
            origin=row["origin"],
            state=row["state"],
            wish=row["wish"],
            starts=row["starts"],
            created=row["created"],
            started=row["started"],
            ended=row["ended"],
            progress=_decoded(row["progress"]),
            result=_decoded(row["result"]),
            error=_decoded(row["error"]),
            revision=row["revision"],
        )


def outcome_of(wish: Wish) -> Outcome:
    """Return the state that a wish leads to."""
    return "cancelled" if wish == "cancel" else "paused"


def key_of(job: Job) -> str:
    """Return a digest of everything that the output of a job depends on."""
    values = job.model_dump(mode="json", exclude={"force", "record"})
    stamps = [_stamp(path) for path in _files_read_by(job)]
    return hashlib.sha256(json.dumps([values, stamps], sort_keys=True).encode()).hexdigest()


def _decoded(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"not an object: {text[:80]}")
    return values


def _files_read_by(job: Job) -> Iterator[Path]:
    """Yield the files and folders that a job reads."""
    yield job.target
    if job.faces.map_file is not None:
        yield job.faces.map_file
    with suppress(RoopError):  # reported when the job is done
        yield from (*source_paths(job), *reference_paths(job))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return the size and time of a file, by which changes are noticed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
