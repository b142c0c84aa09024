"""The file of the journal: SQLite in WAL mode with `synchronous=FULL`, one writer, and honest about failure.

A commit returns once the disk has it: what was promised survives `kill -9` and the power. A disk that is
full or a file that is broken raises JournalFailure and has written nothing; the next attempt starts anew.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from server.wire_devices import JournalState

BUSY_TIMEOUT_SECONDS: Final = 5.0
SCHEMA_VERSION: Final = 1
OWNER: Final = "device"
"""The fact that says whose journal it is."""
_NOT_OURS: Final = "the journal of this pairing is missing: run nouba-kiosk pair again"

_SCHEMA: Final = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE blocks (
        day TEXT NOT NULL, service TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        next INTEGER NOT NULL, PRIMARY KEY (day, service, first),
        CHECK (first <= last AND next BETWEEN first AND last + 1)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE tickets (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE, id TEXT NOT NULL UNIQUE, secret TEXT NOT NULL UNIQUE,
        service TEXT NOT NULL, day TEXT NOT NULL, number INTEGER,
        issued_at TEXT NOT NULL, answer TEXT NOT NULL,
        sync TEXT NOT NULL CHECK (sync IN ('waiting', 'kept', 'refused', 'server')), code TEXT
    ) STRICT""",
    # Whatever the code does: one number, one ticket.
    "CREATE UNIQUE INDEX one_number ON tickets (day, service, number) WHERE number IS NOT NULL",
    "CREATE INDEX to_sync ON tickets (ordinal) WHERE sync = 'waiting'",
    """CREATE TABLE papers (
        ticket TEXT PRIMARY KEY, ordinal INTEGER NOT NULL UNIQUE, made_at TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'done', 'expired', 'doubtful')),
        reason TEXT, told INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX to_print ON papers (ordinal) WHERE state IN ('waiting', 'sending')",
    "CREATE INDEX to_tell ON papers (ordinal) WHERE told = 0 AND state IN ('done', 'expired', 'doubtful')",
)
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
"""A file system without room shows itself in all of these: while writing, while growing, while opening."""
_PRIMARY: Final = 0xFF
"""The extended codes of SQLite carry the primary one in their low byte."""


class JournalFailure(Exception):
    """Nothing was written. `state` is what to report: the disk is full, or the file is broken."""

    def __init__(self, message: str, *, state: JournalState) -> None:
        super().__init__(message)
        self.state: JournalState = state


class JournalFile:
    """One connection, one transaction at a time; opened when first needed, and again after a failure."""

    def __init__(
        self,
        path: Path,
        *,
        owner: str | None = None,
        pages_max: int | None = None,
        connection: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """`owner` must be the fact `OWNER` of the file; None takes any file, and makes one.

        `pages_max` bounds the file, as a full disk would; `connection` is what is opened on it.
        """
        self._path = path
        self._factory = connection
        self._owner = owner
        self._pages_max = pages_max
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._state: JournalState = "ok"

    @property
    def state(self) -> JournalState:
        """How the last attempt went."""
        return self._state

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A look at what is there. Raises JournalFailure."""
        with self._lock, self._judged():
            yield self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, or nothing. Raises JournalFailure."""
        with self._lock, self._judged():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
            self._state = "ok"

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _judged(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._state = _state_of(error)
            self._let_go()
            raise JournalFailure(f"{self._path.name}: {error}", state=self._state) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._owner is not None and not self._path.exists():
                raise sqlite3.DatabaseError(_NOT_OURS)
            connection = sqlite3.connect(
                self._path,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                factory=self._factory,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if self._pages_max is not None:
            connection.execute(f"PRAGMA max_page_count={self._pages_max:d}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError("made by a newer version of this program")
        if version == 0:
            _create(connection)
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (OWNER,)).fetchone()
        if self._owner is not None and (row is None or row[0] != self._owner):
            # A journal that begins anew would give out the numbers of its blocks a second time.
            raise sqlite3.DatabaseError(_NOT_OURS)

    def _let_go(self) -> None:
        """After a failure the connection may hold half a transaction: the next use opens it anew."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION:d}")
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    # A failed COMMIT has often rolled back by itself; then there is nothing left to undo.
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _state_of(error: sqlite3.Error) -> JournalState:
    code = getattr(error, "sqlite_errorcode", None)
    is_full = code is not None and code & _PRIMARY in _FULL
    return "full" if is_full else "broken"


def fact(db: sqlite3.Connection, name: str) -> str | None:
    """What was kept under `name`, if anything."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def keep_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep `value` under `name`, in the caller's transaction."""
    db.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
