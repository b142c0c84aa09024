"""Brings a database to the schema of this version; the same migrations serve SQLite and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from server.db.engine import begin
from server.db.schema import VERSIONS

_FOLDER = VERSIONS.parent
# Two servers that start together take turns (a session-wide PostgreSQL advisory lock; any fixed number).
_ADVISORY_LOCK = 6_682_201


def migrate(engine: sa.Engine) -> None:
    """Upgrade to the newest revision, in one transaction; a database that is there already is left alone."""
    with engine.begin() as connection:
        begin(connection, writes=True)
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        command.upgrade(configuration(connection), "head")


def configuration(connection: sa.Connection) -> Config:
    """Alembic's configuration around an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
