"""Watches what goes to the database: statements with their parameters, as the driver receives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

Recorded = list[tuple[str, Any]]
HANDS_OVER = ("do_execute", "do_executemany")


@contextmanager
def watched(engine: sa.Engine, note: Callable[[str, Any], None]) -> Iterator[None]:
    """Tell `note` of every statement of `engine` and its views before the driver has it; what it raises stops it.

    Not an event of SQLAlchemy: prepared statements (server/db/prepared.py) pass those by.
    """
    dialect = engine.dialect

    def telling(hand_over: Callable[..., None]) -> Callable[..., None]:
        def tell(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
            note(statement, parameters)
            hand_over(cursor, statement, parameters, context)

        return tell

    for name in HANDS_OVER:
        setattr(dialect, name, telling(getattr(dialect, name)))
    try:
        yield
    finally:
        for name in HANDS_OVER:
            delattr(dialect, name)


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[Recorded]:
    """Every statement that `engine` and its views execute in the body."""
    statements: Recorded = []
    with watched(engine, lambda text, parameters: statements.append((text, parameters))):
        yield statements


def plan_of(engine: sa.Engine, statement: str, parameters: Any) -> str:
    """How the database would execute a recorded statement."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)
