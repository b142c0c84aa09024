"""Which revision a database has and which one this version knows, told without Alembic.

The server asks at each `/ready`; Alembic would cost every process 10 MiB for the answer.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

VERSIONS = Path(__file__).parent / "migrations" / "versions"
_TABLE = "alembic_version"


def present(engine: sa.Engine) -> str | None:
    """The revision of a database; None when it is empty."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(_TABLE):
            return None
        row = connection.execute(sa.text(f"SELECT version_num FROM {_TABLE}")).one_or_none()  # noqa: S608 (our own name)
    return str(row.version_num) if row else None


def newest() -> str:
    """The last revision: files are named by it, `0001_the_first_schema.py`."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def present_and_newest(engine: sa.Engine) -> tuple[str | None, str]:
    """Both at once."""
    return present(engine), newest()
