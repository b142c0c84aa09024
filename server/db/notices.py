"""What a branch tells its hall; no row is nothing."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import sqlalchemy as sa
import structlog

from server.db.prepared import Prepared
from server.db.tables import notices
from server.domain.ids import BranchId
from server.domain.notices import NONE, Notices, notices_values, read_notices

BRANCHES_CACHED_MAX = 200
_log = structlog.get_logger(__name__)
_notices = Prepared(
    sa.select(notices.c.notices).where(notices.c.branch_id == sa.bindparam("branch"))
)


def notices_of(connection: sa.Connection, branch: BranchId) -> Notices:
    """All notices of a branch, whatever the day."""
    row = _notices.first(connection, {"branch": branch})
    return NONE if row is None else _read(row.notices)


def save_notices(connection: sa.Connection, branch: BranchId, value: Notices) -> None:
    """Put these in place of the present ones; none at all leave no row."""
    connection.execute(sa.delete(notices).where(notices.c.branch_id == branch))
    if value:
        text = msgspec.json.encode(notices_values(value)).decode()
        connection.execute(sa.insert(notices), {"branch_id": branch, "notices": text})


@lru_cache(maxsize=BRANCHES_CACHED_MAX)
def _read(text: str) -> Notices:
    """Every paint of a wall needs them, and a year of times is thousands of values: the same text, the same value."""
    try:
        return read_notices(msgspec.json.decode(text))
    except Exception as error:
        _log.error("notices_unreadable", problem=str(error))
        return NONE
