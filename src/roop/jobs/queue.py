"""The queue: pending and finished jobs, in a SQLite file that processes share."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import MediaError, UsageError
from roop.home import user_folder
from roop.jobs import statements
from roop.jobs.database import IN_MEMORY, Database, next_revision
from roop.jobs.lease import LEASE_S, Lease, owner_of_process
from roop.jobs.queued_job import ENDED, Outcome, QueuedJob, State, Wish, key_of, outcome_of
from roop.jobs.statements import Request
from roop.options import Job
from roop.pipeline.people.paths import absolute
from roop.types import Warn

P = ParamSpec("P")
R = TypeVar("R")

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Errors that pass; after others the file is of no more use."""


def _goes_on(
    method: Callable[Concatenate["Queue", P], R],
) -> Callable[Concatenate["Queue", P], R]:
    """Let a method that writes go on in memory if the file cannot be written any more."""

    @wraps(method)
    def sturdy(queue: "Queue", /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(queue, *args, **kwargs)
        except MediaError as error:
            if not queue._goes_on_without_file(error):
                raise
            return method(queue, *args, **kwargs)

    return sturdy


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of a queue."""

    revision: int
    """The number of the last included change."""
    jobs: tuple[QueuedJob, ...]
    """New and changed jobs, each once, in the order of their last change."""
    removed: tuple[str, ...]
    """Ids of removed jobs."""


class Queue(Closing):
    """The queue. A context manager; safe for threads and processes."""

    @classmethod
    def of_user(cls, warn: Warn) -> Self:
        """Open the queue in the user's data folder, or a temporary one where none can be written.

        Args:
            warn: Called if it is temporary, or becomes so because its disk is full.
        """

        def without_file(error: MediaError) -> None:
            warn(f"{error}: only by the outputs will another run know what is done")

        try:
            return cls(user_folder() / "jobs.sqlite3", without_file)
        except MediaError as error:
            without_file(error)
            return cls(IN_MEMORY)

    def __init__(
        self, path: Path, without_file: Callable[[MediaError], None] | None = None
    ) -> None:
        """Open the queue in the file ``path``, or make it.

        Args:
            path: The file.
            without_file: If given, the methods that a batch needs go on in memory when the file
                cannot be written any more, after calling it.

        Raises:
            MediaError: It cannot be opened.
        """
        self._database = Database(path)
        self._without_file = without_file
        self._moving = threading.Lock()

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @_goes_on
    def add(self, job: Job) -> QueuedJob:
        """Add a job of a batch, or return the same job if it exists.

        Args:
            job: Its output is a file, not a folder.
        """
        job, key = absolute(job), key_of(absolute(job))
        with self._database.transaction() as connection:
            found = connection.execute(
                "SELECT number FROM jobs WHERE key = ? ORDER BY number DESC", (key,)
            ).fetchone()
            if found is not None:
                connection.execute(
                    "UPDATE jobs SET job = ? WHERE number = ?", (job.model_dump_json(), found[0])
                )
                with suppress(MediaError):  # it cannot be read
                    return statements.job_at(connection, found[0])
            return statements.insert(connection, job, key, "batch")

    def submit(
        self,
        job: Job,
        *,
        id: str | None = None,
        request: Request | None = None,
        limit: int | None = None,
    ) -> QueuedJob:
        """Add a job for the next free runner.

        Args:
            job: Its output is a file, not a folder.
            id: Its id; a new one by default.
            request: If it was made before, the job that it created is returned.
            limit: Most unfinished jobs, including this one.

        Raises:
            UsageError: The request's key belongs to something else, or there are too many jobs.
        """
        job = absolute(job)
        with self._database.transaction() as connection:
            known = None if request is None else statements.requested(connection, request)
            if known is not None:
                return known
            if limit is not None and statements.unfinished(connection) >= limit:
                raise UsageError(
                    f"there are {limit} unfinished jobs", hint="wait until some have ended"
                )
            queued = statements.insert(connection, job, key_of(job), "studio", id)
            if request is not None:
                connection.execute(
                    "INSERT INTO requests VALUES (?, ?, ?, ?)",
                    (request.key, request.digest, queued.id, queued.created),
                )
            return queued

    def requested(self, request: Request) -> QueuedJob | None:
        """Return the job that a request created before, None if there is none.

        Raises:
            UsageError: The request's key belongs to something else.
        """
        with self._database.transaction() as connection:
            return statements.requested(connection, request)

    @_goes_on
    def has_written(self, output: Path) -> bool:
        """Return True if ``output`` was written by a job of this queue."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT 1 FROM jobs WHERE output = ? AND state = 'succeeded'", (str(output),)
            )
            return found.fetchone() is not None

    def get(self, id: str) -> QueuedJob | None:
        """Return the job with this id, None if there is none."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM jobs WHERE id = ?", (id,))
            return next(iter(statements.readable(rows)), None)

    def jobs(
        self, *, states: Sequence[State] = (), before: int | None = None, limit: int = -1
    ) -> list[QueuedJob]:
        """Return jobs, the newest first.

        Args:
            states: Those in one of these states; all by default.
            before: Those with a smaller ``number``.
            limit: At most so many; all if negative.
        """
        marks = ", ".join("?" * len(states))
        in_state = f"state IN ({marks})" if states else "1"
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT * FROM jobs WHERE {in_state} AND number < ? ORDER BY number DESC LIMIT ?",
                (*states, 2**62 if before is None else before, limit),
            )
            return statements.readable(rows)

    def revision(self) -> int:
        """Return the number of the last change."""
        with self._database.reading() as connection:
            last: int = connection.execute("SELECT last FROM revisions").fetchone()[0]
            return last

    def changes(self, since: int) -> Changes:
        """Return what has changed after the change numbered ``since``."""
        with self._database.transaction() as connection:
            last = connection.execute("SELECT last FROM revisions").fetchone()[0]
            rows = connection.execute(
                "SELECT * FROM jobs WHERE revision > ? ORDER BY revision", (since,)
            )
            jobs = tuple(statements.readable(rows))
            gone = connection.execute("SELECT id FROM removed WHERE revision > ?", (since,))
            return Changes(last, jobs, tuple(row[0] for row in gone))

    @_goes_on
    def claim(self, queued: QueuedJob) -> Lease | None:
        """Take a job for this process, whatever its state.

        Returns:
            The lease, None if another process runs the job.
        """
        with self._database.transaction() as connection:
            row = statements.row_at(connection, queued.number)
            if row["state"] == "running" and statements.is_held(row):
                return None
            return statements.start(connection, row, starts=1)

    def claim_next(self) -> tuple[QueuedJob, Lease] | None:
        """Take the next job that waits, or whose process is gone, for this process.

        A job whose processes died too often fails.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE origin = 'studio' AND state IN ('running', 'waiting') "
                "ORDER BY state = 'waiting', number"
            )
            for row in rows.fetchall():
                if row["state"] == "running" and (
                    statements.is_held(row) or statements.end_if_final(connection, row)
                ):
                    continue
                if statements.end_if_unreadable(connection, row):
                    continue
                lease = statements.start(connection, row, starts=row["starts"] + 1)
                return statements.job_at(connection, row["number"]), lease
            return None

    def hand_over(self, lease: Lease, pid: int) -> Lease:
        """Pass a lease to another process of this machine.

        Nobody else gets the job while that process lives, even if this one ends.
        """
        given = Lease(lease.number, owner_of_process(pid))
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET owner = ? WHERE number = ? AND owner = ?",
                (given.owner, lease.number, lease.owner),
            )
        return given

    @_goes_on
    def renew(self, lease: Lease) -> bool:
        """Renew a lease; return False if another process has the job."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET lease_end = ? WHERE number = ? AND owner = ?",
                (time.time() + LEASE_S, lease.number, lease.owner),
            )
            return changed.rowcount == 1

    @_goes_on
    def wish_for(self, lease: Lease) -> Wish | None:
        """Return what the user wants of a running job."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT wish FROM jobs WHERE number = ?", (lease.number,)
            ).fetchone()
            wish: Wish | None = None if found is None else found[0]
            return wish

    @_goes_on
    def report(self, lease: Lease, progress: Mapping[str, Any]) -> None:
        """Record the progress of a job."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET progress = ?, revision = ? WHERE number = ? AND owner = ?",
                (json.dumps(progress), next_revision(connection), lease.number, lease.owner),
            )

    @_goes_on
    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> bool:
        """Record the outcome of a job; return False if another process has the job.

        Args:
            lease: The lease, which ends.
            outcome: ``waiting`` to run it again later.
            result: The fields of its ``JobResult``; paths are written as text.
            error: Its code, message and hint.
        """
        with self._database.transaction() as connection:
            row = statements.row_at(connection, lease.number)
            if row is None or row["owner"] != lease.owner:
                return False
            statements.end(connection, row, outcome, result=result, error=error)
            return True

    def ask(self, id: str, wish: Wish) -> QueuedJob:
        """Cancel or pause a job: at once if no process runs it.

        Raises:
            UsageError: There is no such job, or it has ended.
        """
        with self._database.transaction() as connection:
            row = statements.row_of(connection, id)
            if row["state"] in ENDED:
                raise UsageError(f"the job has ended: {row['state']}", hint="retry starts it again")
            if row["state"] == "running" and statements.is_held(row):
                connection.execute(
                    "UPDATE jobs SET wish = ?, revision = ? WHERE number = ?",
                    (wish, next_revision(connection), row["number"]),
                )
            else:
                statements.end(connection, row, outcome_of(wish))
            return statements.job_at(connection, row["number"])

    def wait_again(self, id: str, *, states: Sequence[State]) -> QueuedJob:
        """Return a job to the runners.

        Args:
            id: Its id.
            states: The states in which this is possible.

        Raises:
            UsageError: There is no such job, or it is in another state.
        """
        with self._database.transaction() as connection:
            row = statements.row_of(connection, id)
            if row["state"] not in states:
                raise UsageError(
                    f"the job is {row['state']}", hint=f"it must be {' or '.join(states)}"
                )
            connection.execute(
                "UPDATE jobs SET state = 'waiting', origin = 'studio', wish = NULL, error = NULL, "
                "ended = NULL, starts = 0, revision = ? WHERE number = ?",
                (next_revision(connection), row["number"]),
            )
            return statements.job_at(connection, row["number"])

    def remove(self, id: str) -> None:
        """Remove a job.

        Raises:
            UsageError: There is no such job, or a process runs it.
        """
        with self._database.transaction() as connection:
            row = statements.row_of(connection, id)
            if row["state"] == "running" and statements.is_held(row):
                raise UsageError("the job is running", hint="cancel it first")
            connection.execute("DELETE FROM jobs WHERE number = ?", (row["number"],))
            connection.execute("DELETE FROM requests WHERE job = ?", (id,))
            connection.execute(
                "INSERT OR REPLACE INTO removed VALUES (?, ?)", (id, next_revision(connection))
            )

    @override
    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _goes_on_without_file(self, error: MediaError) -> bool:
        """Move to memory, if that is allowed and would help."""
        cause = error.__cause__
        if self._without_file is None or not isinstance(cause, sqlite3.Error):
            return False
        if cause.sqlite_errorcode in _BUSY:
            return False
        with self._moving:
            if self.path != IN_MEMORY:  # no other thread has done it
                self._database.move_to_memory()
                self._without_file(error)
        return True
