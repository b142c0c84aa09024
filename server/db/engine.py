"""Opens the database: SQLite by default, PostgreSQL by one setting, both with the same promises.

SQLite runs in WAL mode with `synchronous=FULL`: an acknowledged ticket survives a power cut. Python's own
transaction handling is switched off (before 3.12 it opens no snapshot for reads and no lock for writes), and
each transaction says itself what it is: BEGIN to read, BEGIN IMMEDIATE to write.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

Connection = sa.Connection
"""What `Store.read` gives: the other layers pass it on and know nothing else of it."""
DatabaseUnavailable = (sa.exc.OperationalError, sa.exc.TimeoutError)
"""The database does not answer, or stayed locked for `BUSY_TIMEOUT_SECONDS`; nothing was written."""
BUSY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_SECONDS = 60
POOL_SIZE = 8
POOL_OVERFLOW = 24
POOL_TIMEOUT_SECONDS = 10


def open_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`.

    Raises ValueError for any other kind of address.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed)
    raise ValueError(f"the database must be sqlite or postgresql, not {parsed.get_backend_name()}")


def begin(connection: sa.Connection, *, writes: bool) -> None:
    """Open the transaction of a fresh connection: a prepared statement does not do so by itself.

    On SQLite a writer takes the write lock at once, not at its first write. Said here and not by a listener
    of the engine: with one listener SQLAlchemy asks all its hooks at every statement (measured: 8 % of a tap).
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif not connection.in_transaction():
        connection.begin()


def for_reading(engine: sa.Engine) -> sa.Engine:
    """The same pool; each transaction sees one snapshot, so a view and its `seq` belong together."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _open_postgres(url: sa.URL) -> sa.Engine:
    # What the address itself asks for (a search_path, say) comes last, and so wins.
    asked = url.query.get("options", "")
    limits = (
        f"-c lock_timeout={BUSY_TIMEOUT_SECONDS}s -c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s"
    )
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": f"{limits} {asked}".strip(),
        },
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=msgspec.json.decode,
    )


def _open_sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        # Errors go into the log, and the values of a statement may be secrets.
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=msgspec.json.decode,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
    )
    sa.event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # Of each connection, in KiB. It fills and stays full; what is not in it is in the system's own cache.
    cursor.execute("PRAGMA cache_size=-4000")
    cursor.close()
