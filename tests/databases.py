"""Scratch databases: copies of a migrated SQLite file, PostgreSQL ones made from a template."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.db.engine import open_engine
from server.db.migrate import migrate

MEMORY = Path("/dev/shm")
"""Where files need no disk: these tests are about what is written, not about a power cut."""
NO_WAIT = "-csynchronous_commit=off"
POSTGRES_DEFAULT = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass
class Databases:
    """Makes databases in one test process, and removes what is left on the server at its end.

    On PostgreSQL a "database" is a schema in the one scratch database of this process: dropping a real
    one makes the server write everything to disk, which takes seconds.
    """

    folder: Path
    made: list[str] = field(default_factory=list)

    def new(self, kind: str) -> str:
        """The address of a fresh, migrated database; `kind` is sqlite or postgres."""
        if kind == "sqlite":
            path = self.folder / f"{uuid.uuid4().hex}.db"
            shutil.copyfile(self._sqlite_template, path)
            return f"sqlite:///{path}"
        url = self.empty(kind)
        _migrate(url)
        return url

    def empty(self, kind: str) -> str:
        """The address of a database without any table."""
        name = f"t{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        _execute(self._scratch, f'CREATE SCHEMA "{name}"')
        url = self._scratch.update_query_dict({"options": f"-csearch_path={name} {NO_WAIT}"})
        return url.render_as_string(hide_password=False)

    def drop_all(self) -> None:
        """Drop what was made on the PostgreSQL server."""
        for name in self.made:
            _execute(self._server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @cached_property
    def _sqlite_template(self) -> Path:
        path = self.folder / "template.db"
        _migrate(f"sqlite:///{path}")
        return path

    @cached_property
    def _scratch(self) -> sa.URL:
        name = f"nouba_test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
        self.made.append(name)
        _execute(self._server, f'CREATE DATABASE "{name}"')
        return self._server.set(database=name)

    @cached_property
    def _server(self) -> sa.URL:
        url = postgres_url()
        reason = why_unreachable(url)
        if reason is None:
            return url
        message = f"no PostgreSQL at {url}: {reason}; set NOUBA_TEST_POSTGRES"
        if "postgres" in required():
            pytest.fail(message)
        pytest.skip(message)


def _migrate(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()  # The last connection to close writes SQLite's log back into the file.


def _execute(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def folder_in_memory() -> Path | None:
    """Where there is a file system in memory; the disk of a shared machine may take 100 ms a commit."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None


def postgres_url() -> sa.URL:
    """The server that tests may use, with the driver of this project."""
    url = sa.make_url(os.environ.get("NOUBA_TEST_POSTGRES", POSTGRES_DEFAULT))
    return url.set(drivername="postgresql+psycopg")


def required() -> frozenset[str]:
    """What NOUBA_REQUIRE demands: an absence of it fails instead of skipping."""
    return frozenset(
        name.strip() for name in os.environ.get("NOUBA_REQUIRE", "").split(",") if name.strip()
    )


def why_unreachable(url: sa.URL) -> str | None:
    """None when the server lets us in."""
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        return str(error.orig).splitlines()[0]
    finally:
        engine.dispose()
    return None
