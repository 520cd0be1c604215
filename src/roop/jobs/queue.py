"""The queue: what is to be done and what was done, in a SQLite file that processes may share."""

import hashlib
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil

from roop.errors import MediaError, RoopError
from roop.home import user_folder
from roop.options import Job
from roop.pipeline.people.paths import absolute, reference_paths, source_paths
from roop.types import Warn

State = Literal["waiting", "running", "done", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    output TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    owner TEXT,
    changed REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS items_by_output ON items (output);
"""

_IN_MEMORY = ":memory:"
"""SQLite's name for a database without a file."""

_PATIENCE_S = 30.0
"""How long one process waits for another's transaction."""

_RETRY_S = 0.01

_CLOCK_S = 10.0
"""By how much the start of one process seems to differ after the clock was set."""


@dataclass(frozen=True, slots=True)
class Item:
    """One job of the queue."""

    id: int
    job: Job
    """All its paths are absolute."""
    state: State


class Queue:
    """Work that outlives the process. A context manager; safe for several processes at once."""

    @classmethod
    def of_user(cls, warn: Warn) -> Self:
        """Open the queue in the user's data folder, or one that is forgotten where none can be.

        Args:
            warn: Told if it will be forgotten.
        """
        try:
            return cls(user_folder() / "jobs.sqlite3")
        except MediaError as error:
            warn(f"{error}: only by the outputs will another run know what is done")
            return cls(Path(_IN_MEMORY))

    def __init__(self, path: Path) -> None:
        """Open the queue in the file ``path``, or make it.

        Raises:
            MediaError: It cannot be opened.
        """
        self._path = path
        with self._translated():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Not of the module's own transactions: each statement here is one.
            self._database = sqlite3.connect(self._path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            with self._translated():
                self._write_ahead()
                self._database.executescript(_SCHEMA)
        except RoopError:
            self._database.close()
            raise

    def add(self, job: Job) -> Item:
        """Add a job, or find it if it is there with the same files and options.

        Args:
            job: Its output is a file, not a folder.
        """
        job = absolute(job)
        row = (_key(job), job.model_dump_json(), str(job.output), time.time())
        with self._translated():
            self._database.execute(
                "INSERT INTO items (key, job, output, changed) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET job = excluded.job",
                row,
            )
            found = self._database.execute("SELECT id, state FROM items WHERE key = ?", row[:1])
            number, state = found.fetchone()
        return Item(number, job, state)

    def made(self, output: Path) -> bool:
        """Return True if ``output`` was written by a job of this queue."""
        with self._translated():
            found = self._database.execute(
                "SELECT 1 FROM items WHERE output = ? AND state = 'done'", (str(output),)
            )
            return found.fetchone() is not None

    def wait(self, item: Item) -> bool:
        """Let ``item`` be done again; return False if another living process is at it."""
        with self._translated():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                found = self._database.execute(
                    "SELECT state, owner FROM items WHERE id = ?", (item.id,)
                )
                state, owner = found.fetchone()
                free = state != "running" or not _lives(owner)
                if free:
                    self._set(item, "waiting")
            finally:
                self._database.execute("COMMIT")
        return free

    def claim(self, item: Item) -> bool:
        """Take ``item`` for this process; return False if it is not waiting any more."""
        with self._translated():
            changed = self._database.execute(
                "UPDATE items SET state = 'running', owner = ?, changed = ? "
                "WHERE id = ? AND state = 'waiting'",
                (_this_process(), time.time(), item.id),
            )
            return changed.rowcount == 1

    def end(self, item: Item, state: Literal["waiting", "done", "failed"]) -> None:
        """Say what became of an item that this process claimed."""
        with self._translated():
            self._set(item, state)

    def state(self, item: Item) -> State:
        """Return what is known of ``item`` now."""
        with self._translated():
            found = self._database.execute("SELECT state FROM items WHERE id = ?", (item.id,))
            state: State = found.fetchone()[0]
        return state

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def _write_ahead(self) -> None:
        """Let readers and a writer work at once (SQLite's WAL mode), for good.

        Of several that open a new file together SQLite turns all but one away at once: it does
        not wait for this lock as it does for those of transactions.
        """
        late = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > late:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def _set(self, item: Item, state: State) -> None:
        self._database.execute(
            "UPDATE items SET state = ?, owner = NULL, changed = ? WHERE id = ?",
            (state, time.time(), item.id),
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise MediaError(
                f"the queue {self._path} cannot be used: {error}",
                hint="check that its folder can be written; a damaged queue may be deleted",
            ) from error


def _key(job: Job) -> str:
    """Return what two jobs have in common that make the same output."""
    said = job.model_dump(mode="json", exclude={"force", "record"})
    stamps = [_stamp(path) for path in _read_by(job)]
    return hashlib.sha256(json.dumps([said, stamps], sort_keys=True).encode()).hexdigest()


def _read_by(job: Job) -> Iterator[Path]:
    """Yield the files and folders that a job reads."""
    yield job.target
    if job.faces.map_file is not None:
        yield job.faces.map_file
    with suppress(RoopError):  # said when the job is done
        yield from (*source_paths(job), *reference_paths(job))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of a file, by which it is noticed that it has changed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _this_process() -> str:
    return f"{platform.node()} {os.getpid()} {psutil.Process().create_time()}"


def _lives(owner: str | None) -> bool:
    """Tell whether a process is still there; of another machine's that cannot be known."""
    if owner is None:
        return False
    node, number, started = owner.rsplit(" ", 2)
    if node != platform.node():
        return True
    try:
        process = psutil.Process(int(number))
        same = abs(process.create_time() - float(started)) < _CLOCK_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
