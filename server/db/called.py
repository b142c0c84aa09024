"""Whether a call was really made: what the hall's screens may ask to be said as often as they like."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from server.db.prepared import Prepared
from server.db.tables import desks, tickets
from server.domain.ids import BranchId

_called = Prepared(
    sa.select(tickets.c.id)
    .join(desks, desks.c.id == tickets.c.desk_id)
    .where(
        tickets.c.branch_id == sa.bindparam("branch"),
        tickets.c.day == sa.bindparam("day"),
        tickets.c.label == sa.bindparam("label"),
        desks.c.number == sa.bindparam("desk"),
        tickets.c.called_at.is_not(None),
    )
)


def was_called(
    connection: sa.Connection, branch_id: BranchId, day: date, label: str, desk: int
) -> bool:
    """Whether the ticket with this number was called to this desk on that day."""
    asked = {"branch": branch_id, "day": day, "label": label, "desk": desk}
    return _called.first(connection, asked) is not None
