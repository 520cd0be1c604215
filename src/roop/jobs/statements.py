"""SQL statements of the queue; each is part of the caller's transaction."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from roop.errors import MediaError, UsageError
from roop.jobs.database import next_revision
from roop.jobs.lease import LEASE_S, LONGEST_S, Lease, is_alive, owner_of_process
from roop.jobs.queued_job import ENDED, Origin, Outcome, QueuedJob, outcome_of
from roop.options import Job

MOST_STARTS = 3
"""How often a job is started if its processes die: it may be the cause."""


@dataclass(frozen=True, slots=True)
class Request:
    """A client's key for a request, so that repeating the request has no effect."""

    key: str
    digest: str
    """Digest of the request."""


def insert(
    connection: sqlite3.Connection, job: Job, key: str, origin: Origin, id: str | None = None
) -> QueuedJob:
    """Add a job under a new id, or the given one."""
    row = {
        "id": id or new_id(),
        "key": key,
        "origin": origin,
        "job": job.model_dump_json(),
        "output": str(job.output),
        "created": time.time(),
        "revision": next_revision(connection),
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    inserted = connection.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", row)
    return job_at(connection, inserted.lastrowid or 0)


def new_id() -> str:
    """Return a new random id."""
    return secrets.token_hex(8)


def requested(connection: sqlite3.Connection, request: Request) -> QueuedJob | None:
    """Return the job that the same request made before, None if there is none."""
    found = connection.execute(
        "SELECT digest, job FROM requests WHERE key = ?", (request.key,)
    ).fetchone()
    if found is None:
        return None
    if found["digest"] != request.digest:
        raise UsageError(
            "this Idempotency-Key belongs to another request", hint="make a new key for each job"
        )
    return QueuedJob.from_row(row_of(connection, found["job"]))


def unfinished(connection: sqlite3.Connection) -> int:
    """Return the number of unfinished submitted jobs."""
    found = connection.execute(
        "SELECT count(*) FROM jobs WHERE origin = 'studio' "
        "AND state IN ('waiting', 'running', 'paused')"
    )
    count: int = found.fetchone()[0]
    return count


def row_at(connection: sqlite3.Connection, number: int) -> Any:  # noqa: ANN401 - typeshed's own
    """Return the row with this number, None if there is none."""
    return connection.execute("SELECT * FROM jobs WHERE number = ?", (number,)).fetchone()


def row_of(connection: sqlite3.Connection, id: str) -> Any:  # noqa: ANN401 - typeshed's own
    """Return the row of the job with this id.

    Raises:
        UsageError: There is none.
    """
    row = connection.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no job {id}", hint="see the list of jobs")
    return row


def job_at(connection: sqlite3.Connection, number: int) -> QueuedJob:
    """Return the job with this number."""
    return QueuedJob.from_row(row_at(connection, number))


def is_held(row: sqlite3.Row) -> bool:
    """Return True if a process is known to run a job, or may do so."""
    left_s = (row["lease_end"] or 0.0) - time.time()
    return 0 < left_s <= LONGEST_S and is_alive(row["owner"])


def start(connection: sqlite3.Connection, row: sqlite3.Row, *, starts: int) -> Lease:
    """Mark a job as running in this process; return its lease."""
    lease, now = Lease(row["number"], owner_of_process()), time.time()
    connection.execute(
        "UPDATE jobs SET state = 'running', owner = ?, lease_end = ?, starts = ?, started = ?, "
        "ended = NULL, wish = NULL, result = NULL, error = NULL, revision = ? WHERE number = ?",
        (lease.owner, now + LEASE_S, starts, now, next_revision(connection), lease.number),
    )
    return lease


def readable(rows: Iterable[sqlite3.Row]) -> list[QueuedJob]:
    """Return the jobs in rows; those that cannot be read are left out.

    Another program, a damaged disk or another version of roop may have written them.
    """
    found = []
    for row in rows:
        with suppress(MediaError):
            found.append(QueuedJob.from_row(row))
    return found


def end_if_unreadable(connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """End a job that cannot be read, so that nothing waits for it."""
    try:
        QueuedJob.from_row(row)
    except MediaError as error:
        failure = {"code": error.code, "message": str(error), "hint": error.hint}
        end(connection, row, "failed", error=failure)
        return True
    return False


def end_if_final(connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """End a job without a process, if it should not be started again."""
    if row["wish"] is not None:
        end(connection, row, outcome_of(row["wish"]))
        return True
    if row["starts"] < MOST_STARTS:
        return False
    error = {
        "code": "internal",
        "message": f"the job was started {MOST_STARTS} times, and its processes ended every time",
        "hint": "if memory is short, try a smaller max_memory; retry starts it again",
    }
    end(connection, row, "failed", error=error)
    return True


def end(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    outcome: Outcome,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Record the outcome of a job."""
    connection.execute(
        "UPDATE jobs SET state = ?, owner = NULL, lease_end = NULL, wish = NULL, ended = ?, "
        "result = ?, error = ?, revision = ? WHERE number = ?",
        (
            outcome,
            time.time() if outcome in ENDED else None,
            None if result is None else json.dumps(result, default=str),
            None if error is None else json.dumps(error),
            next_revision(connection),
            row["number"],
        ),
    )
