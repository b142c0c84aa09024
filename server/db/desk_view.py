"""What an agent's one screen shows, read in one snapshot; the number of queries is fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from server.db import codec, reads
from server.db.credentials import Account, account
from server.db.device_views import notices, printer_cards
from server.db.staffing import Staffing, read_staffing
from server.db.tables import agents, shifts, tickets
from server.db.views import branch_card, plain, service_tiles
from server.domain import queue
from server.domain.branch import Branch, Desk, DeskLine, Service
from server.domain.errors import NobodyWaiting
from server.domain.ids import BranchId, ServiceId
from server.domain.queue import Shift
from server.domain.roles import Right, rights_of
from server.domain.states import TicketState
from server.domain.ticket import REOPEN_WINDOW, Ticket
from server.wire import DeskChoice, DeskLineCard, DeskView, NextUp, TicketCard

WAITING_SHOWN_MAX = 30
ASIDE_SHOWN_MAX = 30
FINISHED_SHOWN_MAX = 5


def desk(connection: sa.Connection, branch_id: BranchId, shift: Shift, now: datetime) -> DeskView:
    """Everything the agent of an open shift needs."""
    branch = reads.branch(connection, branch_id)
    services = reads.services_of(connection, branch.id)
    day = branch.hours.business_day(now)
    staffing = read_staffing(connection, branch_id, day)
    here = reads.desk(connection, branch.id, shift.desk)
    found = account(connection, shift.agent)
    up, callable_at = _next_up(connection, branch, here, now)
    held = reads.in_hand(connection, here.id)
    aside = _aside(connection, branch, now)
    by_id = {service.id: service for service in services}
    return DeskView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        desk_id=here.id,
        desk=here.number,
        agent=found.agent.name if found else "",
        paused_at=shift.paused_at,
        pause_reason=shift.pause_reason.value if shift.pause_reason else None,
        auto_call=shift.auto_call,
        in_hand=_ticket_card(held, by_id) if held else None,
        next_up=up,
        callable_at=callable_at,
        lines=tuple(_line_card(served, by_id, staffing) for served in here.lines),
        others=service_tiles(services, staffing, is_open=branch.hours.is_open(now)),
        waiting=_cards(_waiting(connection, here, branch, now), by_id),
        parked=_cards((each for each in aside if each.state is TicketState.PARKED), by_id),
        missed=_cards((each for each in aside if each.state is TicketState.MISSED), by_id),
        finished=_cards(_finished(connection, branch, found, now), by_id),
        printers=printer_cards(connection, branch_id),
        devices=notices(connection, branch, now),
    )


def desk_choices(connection: sa.Connection, branch: Branch) -> tuple[DeskChoice, ...]:
    """The desks of a branch and who sits there, for an agent who has none yet."""
    services = reads.services_of(connection, branch.id)
    names = {service.id: plain(service.names) for service in services}
    taken = {row.desk_id: row.name for row in connection.execute(_taken, {"branch": branch.id})}
    return tuple(
        DeskChoice(
            desk_id=each.id,
            number=each.number,
            services=tuple(names[served.service] for served in each.lines),
            taken_by=taken.get(each.id),
        )
        for each in reads.desks_of(connection, branch.id)
    )


_set_aside = (
    sa.select(tickets)
    .where(
        sa.text("tickets.state IN ('parked', 'missed')"),
        tickets.c.branch_id == sa.bindparam("branch"),
        tickets.c.day == sa.bindparam("day"),
    )
    .order_by(tickets.c.segment_from.desc())
    .limit(ASIDE_SHOWN_MAX)
)
_waiting_in = (
    sa.select(tickets)
    .where(
        sa.text("state = 'waiting'"),
        tickets.c.service_id == sa.bindparam("service"),
        tickets.c.day == sa.bindparam("day"),
    )
    .order_by(tickets.c.rank_at, tickets.c.id)
    .limit(WAITING_SHOWN_MAX)
)
_just_finished = (
    sa.select(tickets)
    .where(
        tickets.c.branch_id == sa.bindparam("branch"),
        tickets.c.day == sa.bindparam("day"),
        tickets.c.called_at.is_not(None),
        tickets.c.state == TicketState.DONE.value,
        tickets.c.ended_at >= sa.bindparam("since"),
    )
    .order_by(tickets.c.called_at.desc())
    .limit(FINISHED_SHOWN_MAX)
)
_taken = (
    sa.select(shifts.c.desk_id, agents.c.name)
    .join(agents)
    .where(shifts.c.branch_id == sa.bindparam("branch"), shifts.c.closed_at.is_(None))
)


def _next_up(
    connection: sa.Connection, branch: Branch, here: Desk, now: datetime
) -> tuple[NextUp | None, datetime | None]:
    day = branch.hours.business_day(now)
    found = reads.heads(connection, here, day, now)
    held = None if found else reads.held_until(connection, here, day, now)
    try:
        choice = queue.choose(found, branch=branch, held_until=held)
    except NobodyWaiting as nobody:
        return None, nobody.callable_at
    why = choice.explanation
    return NextUp(label=why.label, cause=why.cause.value, over=why.over, minutes=why.minutes), None


def _waiting(connection: sa.Connection, here: Desk, branch: Branch, now: datetime) -> list[Ticket]:
    day = branch.hours.business_day(now)
    found = []
    for served in here.lines:
        rows = connection.execute(_waiting_in, {"service": served.service, "day": day})
        found += [
            (value.rank_at + served.lag, value.id, value) for value in map(codec.ticket, rows)
        ]
    found.sort(key=lambda each: each[:2])
    return [value for _, _, value in found[:WAITING_SHOWN_MAX]]


def _aside(connection: sa.Connection, branch: Branch, now: datetime) -> list[Ticket]:
    day = branch.hours.business_day(now)
    rows = connection.execute(_set_aside, {"branch": branch.id, "day": day})
    return [codec.ticket(row) for row in rows]


def _finished(
    connection: sa.Connection, branch: Branch, who: Account | None, now: datetime
) -> list[Ticket]:
    """What a supervisor could still reopen; nobody else is shown it."""
    if who is None or Right.SUPERVISE not in rights_of(who.agent.role):
        return []
    day = branch.hours.business_day(now)
    parameters = {"branch": branch.id, "day": day, "since": now - REOPEN_WINDOW}
    return [codec.ticket(row) for row in connection.execute(_just_finished, parameters)]


def _cards(values: Iterable[Ticket], by_id: Mapping[ServiceId, Service]) -> tuple[TicketCard, ...]:
    return tuple(_ticket_card(value, by_id) for value in values)


def _ticket_card(value: Ticket, by_id: Mapping[ServiceId, Service]) -> TicketCard:
    service = by_id[value.service]
    return TicketCard(
        id=value.id,
        label=value.label,
        state=value.state.value,
        service=service.code,
        names=plain(service.names),
        documents={tag.value: items for tag, items in service.documents.items()},
        ticket_class=value.ticket_class.value,
        language=value.language.value,
        issued_at=value.issued_at,
        called_at=value.called_at,
        started_at=value.started_at,
        calls=value.calls,
        no_shows=value.no_shows,
        held_until=value.not_before,
    )


def _line_card(
    served: DeskLine, by_id: Mapping[ServiceId, Service], staffing: Staffing
) -> DeskLineCard:
    service = by_id[served.service]
    return DeskLineCard(
        code=service.code,
        letter=service.letter,
        names=plain(service.names),
        waiting=staffing.waiting.get(service.id, 0),
        lag_minutes=round(served.lag.total_seconds() / 60),
    )
