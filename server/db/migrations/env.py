"""Alembic's entry point: `server.db.migrate` hands it an open connection."""

from __future__ import annotations

from alembic import context

from server.db.tables import metadata

connection = context.config.attributes["connection"]
# SQLite cannot alter a table in place; batch mode rebuilds it.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
