"""Counts what goes to the database: statements with their parameters, as the driver receives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

Recorded = list[tuple[str, Any]]


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[Recorded]:
    """Every statement that `engine` and its views execute in the body."""
    statements: Recorded = []

    def note(
        _connection: sa.Connection,
        _cursor: object,
        statement: str,
        parameters: Any,
        _context: object,
        _many: bool,
    ) -> None:
        statements.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def plan_of(engine: sa.Engine, statement: str, parameters: Any) -> str:
    """How the database would execute a recorded statement."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)
