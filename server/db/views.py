"""What one screen shows, read in one snapshot and stamped with the branch's `seq`.

The number of queries is fixed for each view; lists are cut at the limits below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from server.db import reads
from server.db.notices import notices_of
from server.db.prepared import Prepared
from server.db.staffing import Staffing, read_staffing, read_staffing_around
from server.db.tables import desks, tickets
from server.domain import estimate
from server.domain.branch import Branch, Service
from server.domain.ids import BranchId, ServiceId, Texts, TicketId
from server.domain.look import LINES_MAX, WHOLE_BOARD, Look
from server.domain.notices import notices_at
from server.domain.states import AT_A_DESK, TicketState
from server.domain.ticket import Ticket
from server.wire import (
    BoardCall,
    BoardView,
    BranchCard,
    KioskView,
    LineView,
    ServiceTile,
    TicketView,
    WaitRange,
)

CALLS_SHOWN_MAX = 8
CALLS_OF_A_LINE_MAX = 3
"""Beside a line's column stand its own last calls, whatever the other lines do."""
LINE_SHOWN_MAX = 200
"""Positions that a line's view tells; further back, a phone says "more than 200"."""


def board(
    connection: sa.Connection, branch: Branch, now: datetime, look: Look = WHOLE_BOARD
) -> BoardView:
    """The wall, or the part of it that `look` asks for: its calls are the last of these lines or of this desk.

    A code or a desk that the branch does not have shows nothing: a wall outlives what it was set up for.
    """
    services = reads.services_of(connection, branch.id)
    shown = [each for each in services if not look.lines or each.code in look.lines]
    return BoardView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        is_open=branch.hours.is_open(now),
        opens_at=branch.hours.next_opening(now),
        calls=_calls(services, _rows_of_calls(connection, branch, shown, now, look)),
        lines=_tiles(connection, branch, shown, now),
        notices=notices_at(notices_of(connection, branch.id), branch.hours, now),
    )


def kiosk(connection: sa.Connection, branch: Branch, now: datetime) -> KioskView:
    """The services to choose from."""
    services = reads.services_of(connection, branch.id)
    return KioskView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        is_open=branch.hours.is_open(now),
        opens_at=branch.hours.next_opening(now),
        services=_tiles(connection, branch, services, now),
    )


class Around:
    """What the tickets of a branch share at one `seq`: read once for all phones that come back together.

    Filled as it is asked, always from a snapshot of this `seq`.
    """

    def __init__(self, connection: sa.Connection, branch: BranchId) -> None:
        self.branch = reads.branch(connection, branch)
        self._services: dict[ServiceId, Service] = {}
        self._staffing: dict[tuple[ServiceId, date], Staffing] = {}
        self._places: dict[tuple[ServiceId, date], dict[TicketId, int]] = {}

    def service(self, connection: sa.Connection, value: Ticket) -> Service:
        """That of the ticket."""
        if value.service not in self._services:
            found = reads.service_by_id(connection, value.branch, value.service)
            self._services[value.service] = found
        return self._services[value.service]

    def staffing(self, connection: sa.Connection, value: Ticket) -> Staffing:
        """Of the ticket's line."""
        line = (value.service, value.day)
        if line not in self._staffing:
            found = read_staffing_around(connection, value.branch, value.day, value.service)
            self._staffing[line] = found
        return self._staffing[line]

    def ahead(self, connection: sa.Connection, value: Ticket) -> int:
        """As `reads.ahead_of`, from one reading of the whole line."""
        line = (value.service, value.day)
        if line not in self._places:
            self._places[line] = reads.places_in(connection, value.service, value.day)
        return self._places[line].get(value.id, reads.AHEAD_COUNTED_MAX)


def ticket(connection: sa.Connection, value: Ticket, now: datetime) -> TicketView:
    """What the citizen's phone shows."""
    around = Around(connection, value.branch)
    ahead = reads.ahead_of(connection, value) if value.state is TicketState.WAITING else None
    return _ticket(connection, value, now, around, ahead)


def ticket_among(
    connection: sa.Connection, value: Ticket, now: datetime, around: Around
) -> TicketView:
    """The same for one of many; `around` and `value` are of the snapshot that `connection` reads."""
    ahead = around.ahead(connection, value) if value.state is TicketState.WAITING else None
    return _ticket(connection, value, now, around, ahead)


def _ticket(
    connection: sa.Connection, value: Ticket, now: datetime, around: Around, ahead: int | None
) -> TicketView:
    branch, service = around.branch, around.service(connection, value)
    wait = None
    if ahead is not None:
        wait = wait_range(around.staffing(connection, value), value.service, ahead)
    return TicketView(
        branch=branch_card(branch),
        seq=branch.seq,
        at=now,
        label=value.label,
        state=value.state.value,
        language=value.language.value,
        service=service.code,
        names=plain(service.names),
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
    staffing = read_staffing_around(connection, branch.id, day, service.id)
    rows = _line_labels.all(connection, {"service": service.id, "day": day})
    labels = tuple(row.label for row in rows)
    return LineView(
        seq=branch.seq,
        at=now,
        service=service.code,
        labels=labels,
        waits=tuple(wait_ranges(staffing, service.id, range(len(labels)))),
    )


def wait_range(staffing: Staffing, service: ServiceId, ahead: int) -> WaitRange | None:
    """The wait of someone with `ahead` people before them; None while no desk serves the line."""
    return next(wait_ranges(staffing, service, (ahead,)), None)


def wait_ranges(
    staffing: Staffing, service: ServiceId, places: Iterable[int]
) -> Iterator[WaitRange]:
    """The same for several places of one line; nothing while no desk serves it."""
    working = estimate.desks_serving(service, working=staffing.working, waiting=staffing.waiting)
    idle = estimate.idle_desks(
        service, working=staffing.working, idle=staffing.idle, waiting=staffing.waiting
    )
    handling = staffing.handling.get(service)
    if handling is None:
        return
    for ahead in places:
        found = estimate.wait(ahead=ahead, desks=working, handling=handling, idle=idle)
        if found is not None:
            yield WaitRange(p50_seconds=found.p50_seconds, p90_seconds=found.p90_seconds)


def branch_card(branch: Branch) -> BranchCard:
    """What every screen says of the building."""
    return BranchCard(
        slug=branch.slug,
        names=plain(branch.names),
        languages=tuple(language.value for language in branch.languages),
        zone=branch.hours.zone.key,
        accent=branch.accent,
    )


_line_labels = Prepared(
    sa.select(tickets.c.label)
    .where(
        sa.text("state = 'waiting'"),
        tickets.c.service_id == sa.bindparam("service"),
        tickets.c.day == sa.bindparam("day"),
    )
    .order_by(tickets.c.rank_at, tickets.c.id)
    .limit(LINE_SHOWN_MAX)
)
_on_the_board = (
    sa.select(tickets, desks.c.number)
    .join(desks, desks.c.id == tickets.c.desk_id)
    .where(
        tickets.c.branch_id == sa.bindparam("branch"),
        tickets.c.day == sa.bindparam("day"),
        tickets.c.called_at.is_not(None),
        sa.text("tickets.state IN ('called', 'serving', 'done')"),
    )
    .order_by(tickets.c.called_at.desc())
    .limit(CALLS_SHOWN_MAX)
)
_last_calls = Prepared(_on_the_board)
_last_calls_of_line = Prepared(
    _on_the_board.where(tickets.c.service_id == sa.bindparam("service")).limit(CALLS_OF_A_LINE_MAX)
)


@lru_cache(maxsize=LINES_MAX + 1)
def _last_calls_of(lines: int, *, of_a_desk: bool) -> Prepared:
    """Of so many lines (0: of all), at any desk or at one: one statement for each number of lines."""
    statement = _on_the_board
    if lines:
        names = [tickets.c.service_id == sa.bindparam(f"service{index}") for index in range(lines)]
        statement = statement.where(sa.or_(*names))
    if of_a_desk:
        statement = statement.where(desks.c.number == sa.bindparam("desk"))
    return Prepared(statement)


_number_of_desk = Prepared(sa.select(desks.c.number).where(desks.c.id == sa.bindparam("desk")))


def _tiles(
    connection: sa.Connection, branch: Branch, services: Sequence[Service], now: datetime
) -> tuple[ServiceTile, ...]:
    staffing = read_staffing(connection, branch.id, branch.hours.business_day(now))
    return service_tiles(services, staffing, is_open=branch.hours.is_open(now))


def service_tiles(
    services: Sequence[Service], staffing: Staffing, *, is_open: bool
) -> tuple[ServiceTile, ...]:
    """Every service as somebody who comes now finds it; `is_open` says whether the branch is."""
    return tuple(
        ServiceTile(
            code=service.code,
            letter=service.letter,
            names=plain(service.names),
            documents={tag.value: items for tag, items in service.documents.items()},
            icon=service.icon,
            is_open=is_open and service.is_open,
            waiting=staffing.waiting.get(service.id, 0),
            wait=wait_range(staffing, service.id, staffing.waiting.get(service.id, 0)),
        )
        for service in services
    )


def _rows_of_calls(
    connection: sa.Connection,
    branch: Branch,
    shown: Sequence[Service],
    now: datetime,
    look: Look,
) -> list[Any]:
    """Newest first. The number of queries depends on the look alone."""
    named = {"branch": branch.id, "day": branch.hours.business_day(now)}
    if not look.lines and look.desk is None:
        return _last_calls.all(connection, named)
    if not shown:
        return []
    of_lines = shown if look.lines else ()
    services = {f"service{index}": each.id for index, each in enumerate(of_lines)}
    desk = {} if look.desk is None else {"desk": look.desk}
    statement = _last_calls_of(len(of_lines), of_a_desk=look.desk is not None)
    rows = statement.all(connection, {**named, **services, **desk})
    if not look.is_split:
        return rows
    # A quiet line's own last calls may be older than the last eight of all.
    found = {row.id: row for row in rows}
    for each in of_lines:
        for row in _last_calls_of_line.all(connection, {**named, "service": each.id}):
            found.setdefault(row.id, row)
    return sorted(found.values(), key=lambda row: row.called_at, reverse=True)


def _calls(services: Sequence[Service], rows: Iterable[Any]) -> tuple[BoardCall, ...]:
    names = {service.id: service for service in services}
    return tuple(
        BoardCall(
            label=row.label,
            desk=row.number,
            service=names[row.service_id].code,
            letter=names[row.service_id].letter,
            names=plain(names[row.service_id].names),
            calls=row.calls,
            called_at=row.called_at,
            state=row.state,
        )
        for row in rows
    )


def _desk_number(connection: sa.Connection, value: Ticket) -> int | None:
    if value.desk is None or value.state not in AT_A_DESK:
        return None
    number: int = _number_of_desk.one(connection, {"desk": value.desk}).number
    return number


def plain(texts: Texts) -> dict[str, str]:
    """Texts as screens receive them, keyed by language tag."""
    return {tag.value: text for tag, text in texts.items()}
