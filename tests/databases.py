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

POSTGRES_DEFAULT = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass
class Databases:
    """Makes databases in one test process, and drops those of PostgreSQL at its end."""

    folder: Path
    made: list[str] = field(default_factory=list)

    def new(self, kind: str) -> str:
        """The address of a fresh, migrated database; `kind` is sqlite or postgres."""
        return self._new_postgres() if kind == "postgres" else self._new_sqlite()

    def empty(self, kind: str) -> str:
        """The address of a database without any table."""
        if kind == "postgres":
            return self._create("")
        return f"sqlite:///{self.folder / uuid.uuid4().hex}.db"

    def drop_all(self) -> None:
        """Drop what was made on the PostgreSQL server."""
        for name in reversed(self.made):
            self._on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _new_sqlite(self) -> str:
        path = self.folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(self._sqlite_template, path)
        return f"sqlite:///{path}"

    def _new_postgres(self) -> str:
        return self._create(f'TEMPLATE "{self._postgres_template}"')

    @cached_property
    def _sqlite_template(self) -> Path:
        path = self.folder / "template.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()  # The last connection to close writes the log back into the file.
        return path

    @cached_property
    def _postgres_template(self) -> str:
        url = self._create("")
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        return str(sa.make_url(url).database)

    def _create(self, how: str) -> str:
        name = f"nouba_test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
        self.made.append(name)
        self._on_server(f'CREATE DATABASE "{name}" {how}')
        return self._server.set(database=name).render_as_string(hide_password=False)

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

    def _on_server(self, statement: str) -> None:
        engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


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
