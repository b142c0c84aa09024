"""Opens the database of an installation, or says in one line why it cannot be used."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from server.db.engine import open_engine
from server.db.migrate import migrate
from server.db.schema import present_and_newest
from server.db.unit_of_work import Store


class DatabaseUnusable(Exception):
    """The database is absent, unreachable, or of another version; the message says what to do."""


def open_store(url: str, *, create: bool) -> Store:
    """The store at `url`, at the schema of this version. Raises DatabaseUnusable.

    `create` fills an empty database, where there is nothing to lose. An older one is never
    migrated unasked: whoever upgrades takes a backup first.
    """
    engine = _engine(url, create=create)
    try:
        present, newest = present_and_newest(engine)
        if present is None and create:
            migrate(engine)
            present = newest
    except (SQLAlchemyError, CommandError) as error:
        raise DatabaseUnusable(_reason(error)) from error
    if present is None:
        raise DatabaseUnusable("the database is empty: run `nouba migrate` first")
    if present != newest:
        raise DatabaseUnusable(
            f"the database is at revision {present}, this version needs {newest}: "
            "take a backup, then run `nouba migrate`"
        )
    return Store(engine)


def bring_up_to_date(url: str) -> tuple[str | None, str | None]:
    """Migrate to the newest revision; what it was before and what it is now.

    Raises DatabaseUnusable.
    """
    engine = _engine(url, create=True)
    try:
        before, newest = present_and_newest(engine)
        migrate(engine)
    except (SQLAlchemyError, CommandError) as error:
        raise DatabaseUnusable(_reason(error)) from error
    finally:
        engine.dispose()
    return before, newest


def _engine(url: str, *, create: bool) -> sa.Engine:
    try:
        engine = open_engine(url)
    except ModuleNotFoundError as error:
        raise DatabaseUnusable(
            f"the package {error.name} is not installed: PostgreSQL needs `nouba[postgres]`"
        ) from error
    if engine.dialect.name == "sqlite":
        assert engine.url.database, "the configuration asks for a file"
        file = Path(engine.url.database)
        # SQLite makes a file for whoever asks, a mistyped folder included.
        if not create and not file.exists():
            raise DatabaseUnusable(
                f"there is no database at {file}: run `nouba migrate`, or check --data"
            )
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnusable(f"{file.parent} cannot be made: {error.strerror}") from error
    return engine


def _reason(error: Exception) -> str:
    """The first line of what the driver said; the rest repeats the statement."""
    cause = getattr(error, "orig", None) or error
    return f"the database cannot be used: {str(cause).splitlines()[0]}"
