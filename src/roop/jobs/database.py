"""The file of the queue: tables, migration and transactions."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roop.errors import MediaError

IN_MEMORY = Path(":memory:")
"""SQLite's name for a database without a file."""

VERSION = 2
"""Version of the tables; version 1 had a table ``items`` and no version number."""

_TABLES = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        key TEXT NOT NULL,
        origin TEXT NOT NULL,
        job TEXT NOT NULL,
        output TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        wish TEXT,
        owner TEXT,
        lease_end REAL,
        starts INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        started REAL,
        ended REAL,
        progress TEXT,
        result TEXT,
        error TEXT,
        revision INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX jobs_by_key ON jobs (key)",
    "CREATE INDEX jobs_by_output ON jobs (output)",
    "CREATE INDEX jobs_by_state ON jobs (state, number)",
    "CREATE INDEX jobs_by_revision ON jobs (revision)",
    "CREATE TABLE removed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT",
    """
    CREATE TABLE requests (
        key TEXT PRIMARY KEY, digest TEXT NOT NULL, job TEXT NOT NULL, created REAL NOT NULL
    ) STRICT
    """,
    "CREATE TABLE revisions (last INTEGER NOT NULL) STRICT",
    "INSERT INTO revisions VALUES (1)",
)

_FROM_VERSION_1 = """
    INSERT INTO jobs (id, key, origin, job, output, state, created, ended, revision)
    SELECT lower(hex(randomblob(8))), key, 'batch', job, output,
        CASE state WHEN 'done' THEN 'succeeded' WHEN 'running' THEN 'waiting' ELSE state END,
        changed,
        CASE WHEN state IN ('done', 'failed') THEN changed END,
        1
    FROM items ORDER BY id
"""
"""The table ``items`` is kept for an older program that may still use it."""

_PATIENCE_S = 30.0
"""How long to wait for transactions of other processes."""

_RETRY_S = 0.01


class Database:
    """One SQLite file, used by the threads of this process and by other processes at once."""

    def __init__(self, path: Path) -> None:
        """Open the file ``path``, or make it.

        Raises:
            MediaError: It cannot be opened, or a newer version of the program made it.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._translated():
            if path != IN_MEMORY:
                path.parent.mkdir(parents=True, exist_ok=True)
            # Without implicit transactions: ``transaction`` starts them.
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
        try:
            with self._translated():
                self._write_ahead()
                self._connection.execute("PRAGMA synchronous = NORMAL")
            self._migrate()
        except MediaError:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for a transaction.

        Raises:
            MediaError: SQLite cannot do it.
        """
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends some by itself
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for one statement that only reads.

        Raises:
            MediaError: SQLite cannot do it.
        """
        with self._lock, self._translated():
            yield self._connection

    def move_to_memory(self) -> None:
        """Go on without the file, with what can still be read of it."""
        with self._lock:
            memory = sqlite3.connect(IN_MEMORY, isolation_level=None, check_same_thread=False)
            memory.row_factory = sqlite3.Row
            with suppress(sqlite3.Error):
                self._connection.backup(memory)
            self._connection.close()
            self._connection, self.path = memory, IN_MEMORY
            self._migrate()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _write_ahead(self) -> None:
        """Switch to SQLite's WAL mode, in which readers and a writer work at once.

        If several processes do this at the same time, SQLite fails in all but one instead of
        waiting.
        """
        late = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > late:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def _migrate(self) -> None:
        """Create the tables, or migrate those of an older version."""
        with self.transaction() as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == VERSION:
                return
            if version > VERSION:
                raise MediaError(
                    f"the queue {self.path} is that of a newer version of roop",
                    hint="update roop",
                )
            for statement in _TABLES:
                connection.execute(statement)
            if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'items'").fetchone():
                connection.execute(_FROM_VERSION_1)
            connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise MediaError(
                f"the queue {self.path} cannot be used: {error}",
                hint="check that its folder can be written; a damaged queue may be deleted",
            ) from error


def next_revision(connection: sqlite3.Connection) -> int:
    """Return the number of the change that a transaction makes."""
    found = connection.execute("UPDATE revisions SET last = last + 1 RETURNING last")
    revision: int = found.fetchone()[0]
    return revision
