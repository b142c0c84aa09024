"""Who works now, and on what: all that an estimate of the wait needs, in two queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from server.db import codec
from server.db.tables import desk_lines, desks, lines, services, shifts, tickets
from server.domain.branch import Desk
from server.domain.estimate import Handling
from server.domain.ids import BranchId, DeskId, ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """Who works now and how long the lines are: what an estimate needs."""

    working: tuple[Desk, ...]
    idle: frozenset[DeskId]
    """Those of `working` that have nobody."""
    waiting: Mapping[ServiceId, int]
    handling: Mapping[ServiceId, Handling]


_working = (
    sa.select(
        desks.c.id,
        desks.c.number,
        desk_lines.c.service_id,
        desk_lines.c.lag_seconds,
        tickets.c.id.label("in_hand"),
    )
    .join(shifts, shifts.c.desk_id == desks.c.id)
    .join(desk_lines, desk_lines.c.desk_id == desks.c.id)
    .join(
        tickets,
        sa.and_(
            tickets.c.desk_id == desks.c.id,
            # text, not literal_column: SQLite would get "= 1" after it, and could not use the index.
            sa.text("tickets.state IN ('called', 'serving')"),
        ),
        isouter=True,
    )
    .where(
        shifts.c.branch_id == sa.bindparam("branch"),
        shifts.c.closed_at.is_(None),
        shifts.c.paused_at.is_(None),
    )
    .order_by(desks.c.number)
)
_backlogs = (
    sa.select(services.c.id, services.c.mean_seconds, services.c.visits, lines.c.waiting)
    .join(
        lines,
        sa.and_(lines.c.service_id == services.c.id, lines.c.day == sa.bindparam("day")),
        isouter=True,
    )
    .where(services.c.branch_id == sa.bindparam("branch"))
)


def read_staffing(connection: sa.Connection, branch_id: BranchId, day: date) -> Staffing:
    """The desks at work, the backlog and the learned handling time of every line; two queries."""
    by_desk: dict[tuple[DeskId, int], list[codec.Row]] = {}
    for row in connection.execute(_working, {"branch": branch_id}):
        by_desk.setdefault((row.id, row.number), []).append(row)
    backlogs = connection.execute(_backlogs, {"branch": branch_id, "day": day}).all()
    return Staffing(
        working=tuple(codec.desk(rows[0], rows) for rows in by_desk.values()),
        idle=frozenset(rows[0].id for rows in by_desk.values() if rows[0].in_hand is None),
        waiting={row.id: row.waiting or 0 for row in backlogs},
        handling={
            row.id: Handling(mean_seconds=row.mean_seconds, visits=row.visits) for row in backlogs
        },
    )
