"""What one screen shows, read in one snapshot and stamped with the branch's `seq`.

The number of queries is fixed for each view; lists are cut at the limits below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from server.db import codec, jobs, reads
from server.db.credentials import account
from server.db.staffing import Staffing, read_staffing
from server.db.tables import agents, desks, shifts, tickets
from server.domain import estimate, queue
from server.domain.branch import Branch, Catalogue, Desk, DeskLine, Service
from server.domain.errors import NobodyWaiting
from server.domain.ids import BranchId, ServiceId, Texts
from server.domain.queue import Shift
from server.domain.states import AT_A_DESK, TicketState
from server.domain.ticket import Ticket
from server.wire import (
    BoardCall,
    BoardView,
    BranchCard,
    DeskChoice,
    DeskLineCard,
    DeskView,
    KioskView,
    LineView,
    NextUp,
    PrinterCard,
    ServiceTile,
    TicketCard,
    TicketView,
    WaitRange,
)

CALLS_SHOWN_MAX = 8
LINE_SHOWN_MAX = 200
"""Positions that a line's view tells; further back, a phone says "more than 200"."""
WAITING_SHOWN_MAX = 30
ASIDE_SHOWN_MAX = 30


def board(connection: sa.Connection, slug: str, now: datetime) -> BoardView:
    """The wall. Raises UnknownBranch."""
    catalogue, tiles = _tiles(connection, slug, now)
    branch = catalogue.branch
    return BoardView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        is_open=branch.hours.is_open(now),
        opens_at=branch.hours.next_opening(now),
        calls=_calls(connection, catalogue, now),
        lines=tiles,
    )


def kiosk(connection: sa.Connection, slug: str, now: datetime) -> KioskView:
    """The services to choose from. Raises UnknownBranch."""
    catalogue, tiles = _tiles(connection, slug, now)
    branch = catalogue.branch
    return KioskView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        is_open=branch.hours.is_open(now),
        opens_at=branch.hours.next_opening(now),
        services=tiles,
    )


def desk(connection: sa.Connection, branch_id: BranchId, shift: Shift, now: datetime) -> DeskView:
    """Everything the agent of an open shift needs."""
    branch = reads.branch(connection, branch_id)
    catalogue = reads.catalogue(connection, branch)
    day = branch.hours.business_day(now)
    staffing = read_staffing(connection, branch_id, day)
    here = next(each for each in catalogue.desks if each.id == shift.desk)
    found = account(connection, shift.agent)
    up, callable_at = _next_up(connection, branch, here, now)
    held = reads.in_hand(connection, here.id)
    aside = _aside(connection, branch, now)
    by_id = {service.id: service for service in catalogue.services}
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
        others=_service_tiles(catalogue, staffing, is_open=branch.hours.is_open(now)),
        waiting=_cards(_waiting(connection, here, branch, now), by_id),
        parked=_cards((each for each in aside if each.state is TicketState.PARKED), by_id),
        missed=_cards((each for each in aside if each.state is TicketState.MISSED), by_id),
        printers=_printers(connection, branch_id),
    )


def desk_choices(connection: sa.Connection, branch: Branch) -> tuple[DeskChoice, ...]:
    """The desks of a branch and who sits there, for an agent who has none yet."""
    catalogue = reads.catalogue(connection, branch)
    names = {service.id: _plain(service.names) for service in catalogue.services}
    taken = {row.desk_id: row.name for row in connection.execute(_taken, {"branch": branch.id})}
    return tuple(
        DeskChoice(
            desk_id=each.id,
            number=each.number,
            services=tuple(names[served.service] for served in each.lines),
            taken_by=taken.get(each.id),
        )
        for each in catalogue.desks
    )


def ticket(connection: sa.Connection, value: Ticket, now: datetime) -> TicketView:
    """What the citizen's phone shows."""
    branch = reads.branch(connection, value.branch)
    service = reads.service_by_id(connection, branch.id, value.service)
    ahead, wait = None, None
    if value.state is TicketState.WAITING:
        ahead = reads.ahead_of(connection, value)
        staffing = read_staffing(connection, branch.id, value.day)
        wait = wait_range(staffing, value.service, ahead)
    return TicketView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        label=value.label,
        state=value.state.value,
        language=value.language.value,
        service=service.code,
        names=_plain(service.names),
        documents=service.documents.get(value.language, ()),
        ahead=ahead,
        wait=wait,
        desk=_desk_number(connection, value),
        calls=value.calls,
        called_at=value.called_at if value.state in AT_A_DESK else None,
        issued_at=value.issued_at,
    )


def line(connection: sa.Connection, branch: Branch, service: Service, now: datetime) -> LineView:
    """One line for all the phones in it."""
    day = branch.hours.business_day(now)
    staffing = read_staffing(connection, branch.id, day)
    labels = connection.execute(_line_labels, {"service": service.id, "day": day}).scalars().all()
    waits = tuple(wait_range(staffing, service.id, ahead) for ahead in range(len(labels)))
    return LineView(
        seq=branch.seq,
        at=now,
        service=service.code,
        labels=tuple(labels),
        waits=tuple(wait for wait in waits if wait is not None),
    )


def wait_range(staffing: Staffing, service: ServiceId, ahead: int) -> WaitRange | None:
    """The wait of someone with `ahead` people before them; None while no desk serves the line."""
    working = estimate.desks_serving(service, working=staffing.working, waiting=staffing.waiting)
    idle = estimate.idle_desks(
        service, working=staffing.working, idle=staffing.idle, waiting=staffing.waiting
    )
    handling = staffing.handling[service]
    found = estimate.wait(ahead=ahead, desks=working, handling=handling, idle=idle)
    if found is None:
        return None
    return WaitRange(p50_seconds=found.p50_seconds, p90_seconds=found.p90_seconds)


def branch_card(branch: Branch) -> BranchCard:
    """What every screen says of the building."""
    return BranchCard(
        slug=branch.slug,
        names=_plain(branch.names),
        languages=tuple(language.value for language in branch.languages),
        zone=branch.hours.zone.key,
        accent=branch.accent,
    )


_line_labels = (
    sa.select(tickets.c.label)
    .where(
        sa.text("state = 'waiting'"),
        tickets.c.service_id == sa.bindparam("service"),
        tickets.c.day == sa.bindparam("day"),
    )
    .order_by(tickets.c.rank_at, tickets.c.id)
    .limit(LINE_SHOWN_MAX)
)
_last_calls = (
    sa.select(tickets, desks.c.number)
    .join(desks, desks.c.id == tickets.c.desk_id)
    .where(
        tickets.c.branch_id == sa.bindparam("branch"),
        tickets.c.day == sa.bindparam("day"),
        tickets.c.called_at.is_not(None),
        tickets.c.state.in_(["called", "serving", "done"]),
    )
    .order_by(tickets.c.called_at.desc())
    .limit(CALLS_SHOWN_MAX)
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
_taken = (
    sa.select(shifts.c.desk_id, agents.c.name)
    .join(agents)
    .where(shifts.c.branch_id == sa.bindparam("branch"), shifts.c.closed_at.is_(None))
)
_number_of_desk = sa.select(desks.c.number).where(desks.c.id == sa.bindparam("desk"))


def _tiles(
    connection: sa.Connection, slug: str, now: datetime
) -> tuple[Catalogue, tuple[ServiceTile, ...]]:
    branch = reads.branch_by_slug(connection, slug)
    catalogue = reads.catalogue(connection, branch)
    staffing = read_staffing(connection, branch.id, branch.hours.business_day(now))
    return catalogue, _service_tiles(catalogue, staffing, is_open=branch.hours.is_open(now))


def _service_tiles(
    catalogue: Catalogue, staffing: Staffing, *, is_open: bool
) -> tuple[ServiceTile, ...]:
    return tuple(
        ServiceTile(
            code=service.code,
            letter=service.letter,
            names=_plain(service.names),
            documents={tag.value: items for tag, items in service.documents.items()},
            icon=service.icon,
            is_open=is_open and service.is_open,
            waiting=staffing.waiting.get(service.id, 0),
            wait=wait_range(staffing, service.id, staffing.waiting.get(service.id, 0)),
        )
        for service in catalogue.services
    )


def _calls(connection: sa.Connection, catalogue: Catalogue, now: datetime) -> tuple[BoardCall, ...]:
    branch = catalogue.branch
    day = branch.hours.business_day(now)
    rows = connection.execute(_last_calls, {"branch": branch.id, "day": day})
    names = {service.id: service for service in catalogue.services}
    return tuple(
        BoardCall(
            label=row.label,
            desk=row.number,
            letter=names[row.service_id].letter,
            names=_plain(names[row.service_id].names),
            calls=row.calls,
            called_at=row.called_at,
            state=row.state,
        )
        for row in rows
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


def _cards(values: Iterable[Ticket], by_id: Mapping[ServiceId, Service]) -> tuple[TicketCard, ...]:
    return tuple(_ticket_card(value, by_id) for value in values)


def _ticket_card(value: Ticket, by_id: Mapping[ServiceId, Service]) -> TicketCard:
    service = by_id[value.service]
    return TicketCard(
        id=value.id,
        label=value.label,
        state=value.state.value,
        service=service.code,
        names=_plain(service.names),
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
        names=_plain(service.names),
        waiting=staffing.waiting.get(service.id, 0),
        lag_minutes=round(served.lag.total_seconds() / 60),
    )


def _printers(connection: sa.Connection, branch_id: BranchId) -> tuple[PrinterCard, ...]:
    waiting = jobs.waiting_by_target(connection, branch_id)
    return tuple(
        PrinterCard(
            name=printer.name,
            state=printer.state,
            waiting=waiting.get(jobs.printer_target(printer.id), 0),
        )
        for printer in reads.printers_of(connection, branch_id)
    )


def _desk_number(connection: sa.Connection, value: Ticket) -> int | None:
    if value.desk is None or value.state not in AT_A_DESK:
        return None
    number: int = connection.execute(_number_of_desk, {"desk": value.desk}).scalar_one()
    return number


def _plain(texts: Texts) -> dict[str, str]:
    return {tag.value: text for tag, text in texts.items()}
