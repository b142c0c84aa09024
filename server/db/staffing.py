"""Who works now, and on what: all that an estimate of the wait needs, in two queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from server.db import codec
from server.db.prepared import Prepared
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
_working_everywhere = Prepared(_working)
_backlogs = Prepared(
    sa.select(
        services.c.id.label("line"), services.c.mean_seconds, services.c.visits, lines.c.waiting
    )
    .join(
        lines,
        sa.and_(lines.c.service_id == services.c.id, lines.c.day == sa.bindparam("day")),
        isouter=True,
    )
    .where(services.c.branch_id == sa.bindparam("branch"))
)


_serving_too = desk_lines.alias("serving_too")
_around = Prepared(
    _working.add_columns(
        desk_lines.c.service_id.label("line"),
        lines.c.waiting,
        services.c.mean_seconds,
        services.c.visits,
    )
    .join(services, services.c.id == desk_lines.c.service_id)
    .join(
        lines,
        sa.and_(lines.c.service_id == services.c.id, lines.c.day == sa.bindparam("day")),
        isouter=True,
    )
    .where(
        desks.c.id.in_(
            sa.select(_serving_too.c.desk_id).where(
                _serving_too.c.service_id == sa.bindparam("service")
            )
        )
    )
)


def read_staffing_around(
    connection: sa.Connection, branch_id: BranchId, day: date, service: ServiceId
) -> Staffing:
    """As much of it as the wait in one line depends on: the desks that serve it and their lines; one query.

    Nothing at all while no desk serves the line.
    """
    parameters = {"branch": branch_id, "day": day, "service": service}
    rows = _around.all(connection, parameters)
    return _staffing(rows, rows)


def read_staffing(connection: sa.Connection, branch_id: BranchId, day: date) -> Staffing:
    """The desks at work, the backlog and the learned handling time of every line; two queries."""
    working = _working_everywhere.all(connection, {"branch": branch_id})
    backlogs = _backlogs.all(connection, {"branch": branch_id, "day": day})
    return _staffing(working, backlogs)


def _staffing(working: Iterable[codec.Row], backlogs: Iterable[codec.Row]) -> Staffing:
    by_desk: dict[DeskId, list[codec.Row]] = {}
    for row in working:
        by_desk.setdefault(row.id, []).append(row)
    known = list(backlogs)
    return Staffing(
        working=tuple(codec.desk(rows[0], rows) for rows in by_desk.values()),
        idle=frozenset(rows[0].id for rows in by_desk.values() if rows[0].in_hand is None),
        waiting={row.line: row.waiting or 0 for row in known},
        handling={
            row.line: Handling(mean_seconds=row.mean_seconds, visits=row.visits) for row in known
        },
    )


_handling = Prepared(
    sa.select(services.c.mean_seconds, services.c.visits).where(
        services.c.id == sa.bindparam("service")
    )
)


def learn(connection: sa.Connection, service: ServiceId, seconds: float) -> Handling:
    """The handling time of a service after one more visit of `seconds`; the caller saves it."""
    row = _handling.one(connection, {"service": service})
    return Handling(mean_seconds=row.mean_seconds, visits=row.visits).learn(seconds)
