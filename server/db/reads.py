"""Single questions to the database, used inside a transaction that somebody else opened."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from server.db import codec
from server.db.prepared import Prepared
from server.db.tables import (
    branches,
    desk_lines,
    desks,
    printers,
    services,
    shifts,
    tickets,
)
from server.domain.branch import Branch, Catalogue, Desk, Printer, Service
from server.domain.errors import (
    UnknownBranch,
    UnknownDesk,
    UnknownPrinter,
    UnknownService,
    UnknownTicket,
)
from server.domain.ids import AgentId, BranchId, DeskId, Secret, ServiceId, TicketId
from server.domain.queue import Shift
from server.domain.ranking import Head
from server.domain.states import TicketClass
from server.domain.ticket import Ticket

AHEAD_COUNTED_MAX = 999
"""Counting people ahead stops here, so that its cost has a bound."""


_branch_by_id = Prepared(sa.select(branches).where(branches.c.id == sa.bindparam("id")))
_branch_by_slug = Prepared(sa.select(branches).where(branches.c.slug == sa.bindparam("slug")))


def branch(connection: sa.Connection, branch_id: BranchId) -> Branch:
    """Raises UnknownBranch."""
    row = _branch_by_id.first(connection, {"id": branch_id})
    if row is None:
        raise UnknownBranch("there is no such branch")
    return codec.branch(row)


def branch_by_slug(connection: sa.Connection, slug: str) -> Branch:
    """Raises UnknownBranch."""
    row = _branch_by_slug.first(connection, {"slug": slug})
    if row is None:
        raise UnknownBranch("there is no such branch", branch=slug)
    return codec.branch(row)


def all_branches(connection: sa.Connection) -> tuple[Branch, ...]:
    """Every branch, by slug."""
    return tuple(
        codec.branch(row)
        for row in connection.execute(sa.select(branches).order_by(branches.c.slug))
    )


_service_by_code = Prepared(
    sa.select(services).where(
        services.c.branch_id == sa.bindparam("branch"), services.c.code == sa.bindparam("code")
    )
)
_service_by_id = Prepared(
    sa.select(services).where(
        services.c.branch_id == sa.bindparam("branch"), services.c.id == sa.bindparam("id")
    )
)
_services = Prepared(
    sa.select(services)
    .where(services.c.branch_id == sa.bindparam("branch"))
    .order_by(services.c.position, services.c.letter)
)


def service_by_code(connection: sa.Connection, branch_id: BranchId, code: str) -> Service:
    """Raises UnknownService."""
    row = _service_by_code.first(connection, {"branch": branch_id, "code": code})
    if row is None:
        raise UnknownService("this branch has no such service", service=code)
    return codec.service(row)


def service_by_id(connection: sa.Connection, branch_id: BranchId, service_id: ServiceId) -> Service:
    """Raises UnknownService."""
    row = _service_by_id.first(connection, {"branch": branch_id, "id": service_id})
    if row is None:
        raise UnknownService("this branch has no such service")
    return codec.service(row)


_desk = Prepared(
    sa.select(desks, desk_lines.c.service_id, desk_lines.c.lag_seconds)
    .join(desk_lines, desk_lines.c.desk_id == desks.c.id)
    .where(desks.c.branch_id == sa.bindparam("branch"), desks.c.id == sa.bindparam("id"))
    .order_by(desk_lines.c.lag_seconds, desk_lines.c.service_id)
)


def desk(connection: sa.Connection, branch_id: BranchId, desk_id: DeskId) -> Desk:
    """Raises UnknownDesk, also for a desk of another branch. Every desk serves a line."""
    rows = _desk.all(connection, {"branch": branch_id, "id": desk_id})
    if not rows:
        raise UnknownDesk("this branch has no such desk", desk=desk_id)
    return codec.desk(rows[0], rows)


_desks = Prepared(
    sa.select(desks).where(desks.c.branch_id == sa.bindparam("branch")).order_by(desks.c.number)
)
_lines_of_desks = Prepared(
    sa.select(desk_lines)
    .join(desks)
    .where(desks.c.branch_id == sa.bindparam("branch"))
    .order_by(desk_lines.c.lag_seconds, desk_lines.c.service_id)
)


def services_of(connection: sa.Connection, branch_id: BranchId) -> tuple[Service, ...]:
    """The branch's services in the order of the kiosk."""
    return tuple(codec.service(row) for row in _services.all(connection, {"branch": branch_id}))


def desks_of(connection: sa.Connection, branch_id: BranchId) -> tuple[Desk, ...]:
    """The branch's desks by number; two queries, whatever how many there are."""
    by_desk: dict[DeskId, list[codec.Row]] = {}
    for line in _lines_of_desks.all(connection, {"branch": branch_id}):
        by_desk.setdefault(line.desk_id, []).append(line)
    return tuple(
        codec.desk(row, by_desk.get(row.id, ()))
        for row in _desks.all(connection, {"branch": branch_id})
    )


def catalogue(connection: sa.Connection, of: Branch) -> Catalogue:
    """The branch's services and desks; three queries, whatever their number."""
    return Catalogue(
        branch=of, services=services_of(connection, of.id), desks=desks_of(connection, of.id)
    )


_ticket = Prepared(
    sa.select(tickets).where(
        tickets.c.id == sa.bindparam("id"), tickets.c.branch_id == sa.bindparam("branch")
    )
)
_ticket_and_seq = Prepared(
    sa.select(tickets, branches.c.seq)
    .join(branches, branches.c.id == tickets.c.branch_id)
    .where(tickets.c.id == sa.bindparam("id"), tickets.c.branch_id == sa.bindparam("branch"))
)
_ticket_by_secret = Prepared(sa.select(tickets).where(tickets.c.secret == sa.bindparam("secret")))
_in_hand = Prepared(
    sa.select(tickets).where(
        tickets.c.desk_id == sa.bindparam("desk"),
        # Written as the index says it, or the planner cannot use the index.
        sa.text("state IN ('called', 'serving')"),
    )
)


def ticket(connection: sa.Connection, branch_id: BranchId, ticket_id: TicketId) -> Ticket:
    """Raises UnknownTicket, also for a ticket of another branch."""
    row = _ticket.first(connection, {"id": ticket_id, "branch": branch_id})
    if row is None:
        raise UnknownTicket("this branch has no such ticket")
    return codec.ticket(row)


def ticket_and_seq(
    connection: sa.Connection, branch_id: BranchId, ticket_id: TicketId
) -> tuple[Ticket, int]:
    """A ticket and the version of its branch. Raises UnknownTicket, also for one of another branch."""
    row = _ticket_and_seq.first(connection, {"id": ticket_id, "branch": branch_id})
    if row is None:
        raise UnknownTicket("this branch has no such ticket")
    return codec.ticket(row), row.seq


def ticket_by_secret(connection: sa.Connection, secret: Secret) -> Ticket:
    """Raises UnknownTicket: the same for a wrong secret and for one that never was."""
    row = _ticket_by_secret.first(connection, {"secret": secret})
    if row is None:
        raise UnknownTicket("there is no such ticket")
    return codec.ticket(row)


def in_hand(connection: sa.Connection, desk_id: DeskId) -> Ticket | None:
    """The ticket called to or served at a desk."""
    row = _in_hand.first(connection, {"desk": desk_id})
    return codec.ticket(row) if row else None


_shift_of_agent = Prepared(
    sa.select(shifts).where(
        shifts.c.branch_id == sa.bindparam("branch"),
        shifts.c.agent_id == sa.bindparam("agent"),
        shifts.c.closed_at.is_(None),
    )
)
_shift_at_desk = Prepared(
    sa.select(shifts).where(shifts.c.desk_id == sa.bindparam("desk"), shifts.c.closed_at.is_(None))
)


def shift_of(connection: sa.Connection, branch_id: BranchId, agent: AgentId) -> Shift | None:
    """The agent's open shift."""
    row = _shift_of_agent.first(connection, {"branch": branch_id, "agent": agent})
    return codec.shift(row) if row else None


def shift_at(connection: sa.Connection, desk_id: DeskId) -> Shift | None:
    """The open shift at a desk."""
    row = _shift_at_desk.first(connection, {"desk": desk_id})
    return codec.shift(row) if row else None


HEADS_OF_A_LINE = 2
"""The head and its runner-up: enough to choose and to say over whom."""


@lru_cache(maxsize=64)
def _heads_statement(count: int, per_line: int) -> Prepared:
    """The first callable tickets of `count` lines in one query, each read in order from the index."""
    parts = []
    for index in range(count):
        part = (
            sa.select(
                tickets.c.id,
                tickets.c.label,
                tickets.c.service_id,
                tickets.c.ticket_class,
                tickets.c.issued_at,
                tickets.c.rank_at,
            )
            .where(
                sa.text("state = 'waiting'"),
                tickets.c.service_id == sa.bindparam(f"service_{index}"),
                tickets.c.day == sa.bindparam("day"),
                sa.or_(tickets.c.not_before.is_(None), tickets.c.not_before <= sa.bindparam("now")),
            )
            .order_by(tickets.c.rank_at, tickets.c.id)
            .limit(per_line)
            .subquery()
        )
        parts.append(sa.select(part))
    return Prepared(sa.select(sa.union_all(*parts).subquery()) if len(parts) > 1 else parts[0])


def heads(
    connection: sa.Connection, at: Desk, day: date, now: datetime, per_line: int = HEADS_OF_A_LINE
) -> list[Head]:
    """The heads of the desk's lines; one query, whose cost does not grow with the number waiting."""
    if not at.lines:
        return []
    parameters: dict[str, Any] = {"day": day, "now": now}
    parameters |= {f"service_{index}": line.service for index, line in enumerate(at.lines)}
    lags = {line.service: line.lag for line in at.lines}
    return [
        Head(
            ticket=row.id,
            label=row.label,
            service=row.service_id,
            ticket_class=TicketClass(row.ticket_class),
            issued_at=row.issued_at,
            rank_at=row.rank_at,
            lag=lags[row.service_id],
        )
        for row in _heads_statement(len(at.lines), per_line).all(connection, parameters)
    ]


_held_until = sa.select(sa.func.min(tickets.c.not_before)).where(
    sa.text("state = 'waiting'"),
    tickets.c.service_id.in_(sa.bindparam("services", expanding=True)),
    tickets.c.day == sa.bindparam("day"),
    tickets.c.not_before > sa.bindparam("now"),
)


def held_until(connection: sa.Connection, at: Desk, day: date, now: datetime) -> datetime | None:
    """When the first held ticket of the desk's lines becomes callable; asked only if nobody is."""
    wanted = [line.service for line in at.lines]
    value: datetime | None = connection.execute(
        _held_until, {"services": wanted, "day": day, "now": now}
    ).scalar_one()
    return value


_first_ahead = (
    sa.select(tickets.c.id)
    .where(
        sa.text("state = 'waiting'"),
        tickets.c.service_id == sa.bindparam("service"),
        tickets.c.day == sa.bindparam("day"),
        sa.or_(
            tickets.c.rank_at < sa.bindparam("rank"),
            sa.and_(tickets.c.rank_at == sa.bindparam("rank"), tickets.c.id < sa.bindparam("id")),
        ),
    )
    .limit(AHEAD_COUNTED_MAX)
    .subquery()
)
_ahead = Prepared(sa.select(sa.func.count().label("ahead")).select_from(_first_ahead))


def ahead_of(connection: sa.Connection, value: Ticket) -> int:
    """How many of its line go before a waiting ticket, counted up to `AHEAD_COUNTED_MAX`."""
    parameters = {
        "service": value.service,
        "day": value.day,
        "rank": value.rank_at,
        "id": value.id,
    }
    return int(_ahead.one(connection, parameters).ahead)


_places = Prepared(
    sa.select(tickets.c.id)
    .where(
        sa.text("state = 'waiting'"),
        tickets.c.service_id == sa.bindparam("service"),
        tickets.c.day == sa.bindparam("day"),
    )
    .order_by(tickets.c.rank_at, tickets.c.id)
    .limit(AHEAD_COUNTED_MAX)
)


def places_in(connection: sa.Connection, service: ServiceId, day: date) -> dict[TicketId, int]:
    """What `ahead_of` gives for each of a line; whoever is missing has `AHEAD_COUNTED_MAX` ahead."""
    rows = _places.all(connection, {"service": service, "day": day})
    return {row.id: place for place, row in enumerate(rows)}


def printers_of(connection: sa.Connection, branch_id: BranchId) -> tuple[Printer, ...]:
    """The branch's printers, the default one first."""
    statement = sa.select(printers).where(printers.c.branch_id == branch_id).order_by(printers.c.id)
    return tuple(codec.printer(row) for row in connection.execute(statement))


def all_printers(connection: sa.Connection) -> tuple[tuple[BranchId, Printer], ...]:
    """Every printer beside its branch."""
    rows = connection.execute(sa.select(printers).order_by(printers.c.id))
    return tuple((BranchId(row.branch_id), codec.printer(row)) for row in rows)


def printer(connection: sa.Connection, printer_id: int) -> Printer:
    """Raises UnknownPrinter."""
    row = connection.execute(sa.select(printers).where(printers.c.id == printer_id)).one_or_none()
    if row is None:
        raise UnknownPrinter("there is no such printer")
    return codec.printer(row)


def unfinished(
    connection: sa.Connection, branch_id: BranchId, before: date, limit: int
) -> list[Ticket]:
    """Tickets of days before `before` that are still open, oldest first."""
    statement = (
        sa.select(tickets)
        .where(
            sa.text("state IN ('waiting', 'called', 'serving', 'parked')"),
            tickets.c.branch_id == branch_id,
            tickets.c.day < before,
        )
        .order_by(tickets.c.day, tickets.c.id)
        .limit(limit)
    )
    return [codec.ticket(row) for row in connection.execute(statement)]


def shifts_before(connection: sa.Connection, branch_id: BranchId, moment: datetime) -> list[Shift]:
    """Shifts that were opened before `moment` and are still open."""
    statement = sa.select(shifts).where(
        shifts.c.branch_id == branch_id, shifts.c.closed_at.is_(None), shifts.c.opened_at < moment
    )
    return [codec.shift(row) for row in connection.execute(statement)]
