"""Rows to frozen values and back. Nothing outside `db` ever holds a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec

from server.domain.branch import Agent, Branch, Desk, DeskLine, Printer, Service
from server.domain.events import Event, EventKind, RecordedEvent
from server.domain.hours import Hours, hours_values, read_hours
from server.domain.ids import Language, Texts
from server.domain.queue import PauseReason, Shift
from server.domain.ranking import HeadStarts
from server.domain.roles import Role
from server.domain.states import TicketClass, TicketState
from server.domain.ticket import Ticket

HOURS_CACHED_MAX = 1_000
Row = Any
"""A row of SQLAlchemy or of `prepared`: columns as attributes."""


def texts(raw: Mapping[str, str]) -> Texts:
    """Texts as JSON holds them, keyed by language tag."""
    return {Language(tag): text for tag, text in raw.items()}


def ticket(row: Row) -> Ticket:
    """A row of `tickets`."""
    return Ticket(
        id=row.id,
        branch=row.branch_id,
        day=row.day,
        service=row.service_id,
        label=row.label,
        secret=row.secret,
        ticket_class=TicketClass(row.ticket_class),
        language=Language(row.language),
        state=TicketState(row.state),
        issued_at=row.issued_at,
        rank_at=row.rank_at,
        not_before=row.not_before,
        segment_from=row.segment_from,
        desk=row.desk_id,
        agent=row.agent_id,
        called_at=row.called_at,
        calls=row.calls,
        no_shows=row.no_shows,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def ticket_values(value: Ticket) -> dict[str, Any]:
    """The columns of a ticket, ready to bind."""
    return {
        "id": value.id,
        "branch_id": value.branch,
        "day": value.day,
        "service_id": value.service,
        "label": value.label,
        "secret": value.secret,
        "ticket_class": value.ticket_class.value,
        "language": value.language.value,
        "state": value.state.value,
        "issued_at": value.issued_at,
        "rank_at": value.rank_at,
        "not_before": value.not_before,
        "segment_from": value.segment_from,
        "desk_id": value.desk,
        "agent_id": value.agent,
        "called_at": value.called_at,
        "calls": value.calls,
        "no_shows": value.no_shows,
        "started_at": value.started_at,
        "ended_at": value.ended_at,
    }


def branch(row: Row) -> Branch:
    """A row of `branches`."""
    return Branch(
        id=row.id,
        slug=row.slug,
        names=texts(row.names),
        languages=tuple(Language(tag) for tag in row.languages),
        hours=hours(row.zone, row.hours),
        head_starts=HeadStarts(priority=timedelta(seconds=row.priority_head_start_seconds)),
        accent=row.accent,
        open_kiosk=row.open_kiosk,
        seq=row.seq,
    )


def branch_values(value: Branch) -> dict[str, Any]:
    """The columns of a branch that an operator sets; neither its slug nor its seq."""
    return {
        "names": {tag.value: text for tag, text in value.names.items()},
        "languages": [tag.value for tag in value.languages],
        "zone": value.hours.zone.key,
        "hours": hours_values(value.hours),
        "priority_head_start_seconds": round(value.head_starts.priority.total_seconds()),
        "accent": value.accent,
        "open_kiosk": value.open_kiosk,
    }


def service(row: Row) -> Service:
    """A row of `services`."""
    return Service(
        id=row.id,
        code=row.code,
        letter=row.letter,
        names=texts(row.names),
        documents={Language(tag): tuple(items) for tag, items in row.documents.items()},
        icon=row.icon,
        position=row.position,
        is_open=row.is_open,
        expected=timedelta(seconds=row.expected_seconds),
    )


def service_values(value: Service) -> dict[str, Any]:
    """The columns of a service that an operator sets; neither its code nor its letter."""
    return {
        "names": {tag.value: text for tag, text in value.names.items()},
        "documents": {tag.value: list(items) for tag, items in value.documents.items()},
        "icon": value.icon,
        "position": value.position,
        "expected_seconds": round(value.expected.total_seconds()),
    }


def desk(row: Row, line_rows: Iterable[Row]) -> Desk:
    """A row of `desks` with its rows of `desk_lines`."""
    return Desk(
        id=row.id,
        number=row.number,
        lines=tuple(
            DeskLine(service=line.service_id, lag=timedelta(seconds=line.lag_seconds))
            for line in line_rows
        ),
    )


def agent(row: Row) -> Agent:
    """A row of `agents`, without its password hash."""
    return Agent(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        language=Language(row.language),
        is_active=row.is_active,
    )


def printer(row: Row) -> Printer:
    """A row of `printers`."""
    return Printer(
        id=row.id,
        name=row.name,
        address=row.address,
        width_dots=row.width_dots,
        state=row.state,
    )


def shift(row: Row) -> Shift:
    """A row of `shifts`."""
    return Shift(
        desk=row.desk_id,
        agent=row.agent_id,
        opened_at=row.opened_at,
        paused_at=row.paused_at,
        pause_reason=PauseReason(row.pause_reason) if row.pause_reason else None,
        auto_call=row.auto_call,
    )


def event(row: Row) -> RecordedEvent:
    """A row of `events`."""
    return RecordedEvent(
        seq=row.seq,
        event=Event(
            kind=EventKind(row.kind),
            at=row.at,
            ticket=row.ticket_id,
            service=row.service_id,
            desk=row.desk_id,
            agent=row.agent_id,
            data=row.data,
        ),
    )


def hours(zone: str, raw: Mapping[str, Any]) -> Hours:
    """Hours as the database holds them (`domain.hours.read_hours`)."""
    return _hours(zone, msgspec.json.encode(raw))


@lru_cache(maxsize=HOURS_CACHED_MAX)
def _hours(zone: str, text: bytes) -> Hours:
    """A branch is read with every request and its hours change once a season: the same text, the same value."""
    return read_hours(zone, msgspec.json.decode(text))
