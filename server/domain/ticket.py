"""One visit, and the verbs that take it from state to state.

Every verb is `(ticket, request, now) -> Change | Unchanged` or raises a Refusal. `Unchanged` means
"already so": the caller answers with the ticket as it is and writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from server.domain.errors import (
    IllegalTransition,
    RecallTooSoon,
    ReopenTooLate,
    TicketNotHere,
)
from server.domain.events import Event, EventKind
from server.domain.ids import (
    AgentId,
    BranchId,
    DeskId,
    Label,
    Language,
    Secret,
    ServiceId,
    TicketId,
)
from server.domain.states import ALREADY_SO, AT_A_DESK, LAWFUL, TicketClass, TicketState, Verb

RECALL_GAP = timedelta(seconds=10)
"""The voice needs this long to finish one call before it repeats it."""
NO_SHOW_HOLD = timedelta(minutes=5)
"""How long a ticket that did not show up cannot be called again: time to come back from the café."""
NO_SHOWS_MAX = 3
REOPEN_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One visit. `label` and `secret` never change; `desk` stays after DONE so that boards can show it."""

    id: TicketId
    branch: BranchId
    day: date
    service: ServiceId
    label: Label
    secret: Secret
    ticket_class: TicketClass
    language: Language
    state: TicketState
    issued_at: datetime
    rank_at: datetime
    """Its place in the order: the smallest is called first (see `ranking`)."""
    not_before: datetime | None = None
    segment_from: datetime
    """When the present stretch of this visit (line, then desk) began."""
    desk: DeskId | None = None
    agent: AgentId | None = None
    called_at: datetime | None = None
    """The last call or recall."""
    calls: int = 0
    """Calls and recalls since it last left the line."""
    no_shows: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who asks, and where: an agent at a desk."""

    desk: DeskId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One finished stretch of a visit, kept for reports."""

    service: ServiceId
    desk: DeskId | None
    agent: AgentId | None
    waiting_from: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime
    outcome: EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A decision: the ticket before and after, the fact to record, the segment that it closed."""

    before: Ticket | None
    after: Ticket
    event: Event
    segment: Segment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Already so: nothing to write."""

    ticket: Ticket


Decision = Change | Unchanged


def call(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Summon the ticket to the caller's desk; the order is decided elsewhere (`queue.choose`)."""
    if ticket.state is TicketState.CALLED and ticket.desk == place.desk:
        return Unchanged(ticket=ticket)
    _require_lawful(ticket, Verb.CALL)
    after = replace(
        ticket,
        state=TicketState.CALLED,
        desk=place.desk,
        agent=place.agent,
        called_at=now,
        calls=1,
        not_before=None,
        started_at=None,
    )
    return _change(ticket, after, EventKind.TICKET_CALLED, now, by=place)


def recall(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Say the call again. Raises RecallTooSoon within `RECALL_GAP` of the last one."""
    _require_lawful(ticket, Verb.RECALL)
    _require_here(ticket, place)
    assert ticket.called_at is not None, "a called ticket knows when it was called"
    if now < ticket.called_at + RECALL_GAP:
        raise RecallTooSoon(
            "this ticket was called a moment ago",
            seconds_left=math.ceil((ticket.called_at + RECALL_GAP - now).total_seconds()),
        )
    after = replace(ticket, called_at=now, calls=ticket.calls + 1)
    return _change(ticket, after, EventKind.TICKET_RECALLED, now, by=place)


def start(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """The citizen is at the desk."""
    if already := _already(ticket, Verb.START, place):
        return already
    after = replace(ticket, state=TicketState.SERVING, started_at=now)
    return _change(ticket, after, EventKind.TICKET_STARTED, now, by=place)


def undo_start(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """The start was pressed too early: back to called."""
    _require_lawful(ticket, Verb.UNDO_START)
    _require_here(ticket, place)
    # One that was finished while parked, then reopened, was never called: it is now.
    called_at, calls = ticket.called_at or now, max(ticket.calls, 1)
    after = replace(
        ticket, state=TicketState.CALLED, started_at=None, called_at=called_at, calls=calls
    )
    return _change(ticket, after, EventKind.TICKET_START_UNDONE, now, by=place)


def finish(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Served. A parked ticket can be finished from any desk."""
    if already := _already(ticket, Verb.FINISH, place):
        return already
    after = replace(ticket, state=TicketState.DONE, ended_at=now)
    return _change(ticket, after, EventKind.TICKET_FINISHED, now, closes_segment=True, by=place)


def reopen(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """A supervisor takes a finished ticket up again at the asking desk, within `REOPEN_WINDOW`."""
    _require_lawful(ticket, Verb.REOPEN)
    assert ticket.ended_at is not None, "a finished ticket knows when it ended"
    if now > ticket.ended_at + REOPEN_WINDOW:
        raise ReopenTooLate("it was finished too long ago", label=ticket.label)
    after = replace(
        ticket,
        state=TicketState.SERVING,
        desk=place.desk,
        agent=place.agent,
        started_at=now,
        ended_at=None,
        segment_from=now,
    )
    return _change(ticket, after, EventKind.TICKET_REOPENED, now, by=place)


def no_show(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Nobody came: held for `NO_SHOW_HOLD` with its rank kept; missed after `NO_SHOWS_MAX` times."""
    _require_lawful(ticket, Verb.NO_SHOW)
    _require_here(ticket, place)
    count = ticket.no_shows + 1
    if count >= NO_SHOWS_MAX:
        after = replace(_away(ticket, now), state=TicketState.MISSED, no_shows=count, ended_at=now)
        return _change(ticket, after, EventKind.TICKET_MISSED, now, closes_segment=True, by=place)
    after = replace(
        _away(ticket, now),
        state=TicketState.WAITING,
        no_shows=count,
        not_before=now + NO_SHOW_HOLD,
    )
    return _change(ticket, after, EventKind.TICKET_NOT_SHOWN, now, closes_segment=True, by=place)


def reinstate(ticket: Ticket, *, place: Place | None, now: datetime) -> Decision:
    """A missed citizen came after all, on the same day: back to the line with the old rank."""
    if already := _already(ticket, Verb.REINSTATE, None):
        return already
    after = replace(ticket, state=TicketState.WAITING, no_shows=0, ended_at=None, segment_from=now)
    return _change(ticket, after, EventKind.TICKET_REINSTATED, now, by=place)


def park(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Set aside (a photocopy is missing) without losing the place."""
    if already := _already(ticket, Verb.PARK, place):
        return already
    after = replace(_away(ticket, now), state=TicketState.PARKED)
    return _change(ticket, after, EventKind.TICKET_PARKED, now, closes_segment=True, by=place)


def unpark(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Back to its line with the rank kept."""
    if already := _already(ticket, Verb.UNPARK, None):
        return already
    after = replace(ticket, state=TicketState.WAITING, segment_from=now)
    return _change(ticket, after, EventKind.TICKET_UNPARKED, now, by=place)


def transfer(ticket: Ticket, *, to: ServiceId, place: Place, now: datetime) -> Decision:
    """Into another line with number, secret and rank kept. To its own line is already so when waiting."""
    if ticket.state is TicketState.WAITING and ticket.service == to:
        return Unchanged(ticket=ticket)
    _require_lawful(ticket, Verb.TRANSFER)
    if ticket.state in AT_A_DESK:
        _require_here(ticket, place)
    after = replace(
        _away(ticket, now),
        state=TicketState.WAITING,
        service=to,
        not_before=None,
        no_shows=0,
    )
    data = {"from_service": int(ticket.service)}
    return _change(
        ticket, after, EventKind.TICKET_TRANSFERRED, now, closes_segment=True, data=data, by=place
    )


def return_to_line(ticket: Ticket, *, place: Place, now: datetime) -> Decision:
    """Called by mistake, or the shift ended: waiting again with the rank kept."""
    if already := _already(ticket, Verb.RETURN, place):
        return already
    after = replace(_away(ticket, now), state=TicketState.WAITING)
    return _change(ticket, after, EventKind.TICKET_RETURNED, now, closes_segment=True, by=place)


def cancel(ticket: Ticket, *, place: Place | None, now: datetime) -> Decision:
    """The citizen gives the place up (`place` None), or staff for them: at another desk it is not theirs."""
    if already := _already(ticket, Verb.CANCEL, place):
        return already
    after = replace(ticket, state=TicketState.CANCELLED, ended_at=now)
    return _change(ticket, after, EventKind.TICKET_CANCELLED, now, closes_segment=True, by=place)


_AT_CLOSING: Mapping[TicketState, tuple[TicketState, EventKind]] = {
    TicketState.WAITING: (TicketState.EXPIRED, EventKind.TICKET_EXPIRED),
    TicketState.CALLED: (TicketState.MISSED, EventKind.TICKET_MISSED),
    TicketState.PARKED: (TicketState.MISSED, EventKind.TICKET_MISSED),
    TicketState.SERVING: (TicketState.DONE, EventKind.TICKET_FINISHED),
}


def close_day(ticket: Ticket, *, now: datetime) -> Change:
    """What becomes of an open ticket when its day is over; the event is flagged `at_closing`."""
    _require_lawful(ticket, Verb.CLOSE_DAY)
    state, kind = _AT_CLOSING[ticket.state]
    after = replace(ticket, state=state, ended_at=now)
    return _change(ticket, after, kind, now, closes_segment=True, data={"at_closing": 1})


def _require_lawful(ticket: Ticket, verb: Verb) -> None:
    if verb not in LAWFUL[ticket.state]:
        raise IllegalTransition(
            f"a ticket that is {ticket.state} cannot take the step {verb}",
            state=ticket.state,
            verb=verb,
            label=ticket.label,
        )


def _require_here(ticket: Ticket, place: Place) -> None:
    if ticket.desk != place.desk:
        raise TicketNotHere("this ticket is at another desk", label=ticket.label, desk=ticket.desk)


def _already(ticket: Ticket, verb: Verb, place: Place | None) -> Unchanged | None:
    """Unchanged when `verb` was done before; else None, once the step is lawful and at the right desk."""
    elsewhere = place is not None and ticket.desk is not None and ticket.desk != place.desk
    if ticket.state is ALREADY_SO[verb] and not (elsewhere and ticket.state in AT_A_DESK):
        return Unchanged(ticket=ticket)
    if ticket.state in AT_A_DESK and place is not None:
        _require_lawful(ticket, verb)
        _require_here(ticket, place)
    _require_lawful(ticket, verb)
    return None


def _away(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket as it is once it has left the desk; its rank stays."""
    return replace(
        ticket,
        desk=None,
        agent=None,
        called_at=None,
        calls=0,
        started_at=None,
        segment_from=now,
    )


def _change(
    before: Ticket,
    after: Ticket,
    kind: EventKind,
    now: datetime,
    *,
    by: Place | None = None,
    closes_segment: bool = False,
    data: Mapping[str, str | int] | None = None,
) -> Change:
    event = Event(
        kind=kind,
        at=now,
        ticket=after.id,
        service=after.service,
        # Who acted, and where; what happens by itself is told of the desk that had the ticket.
        desk=by.desk if by else after.desk or before.desk,
        agent=by.agent if by else after.agent or before.agent,
        data={"label": after.label, **(data or {})},
    )
    return Change(
        before=before,
        after=after,
        event=event,
        segment=_segment(before, kind, now) if closes_segment else None,
    )


def _segment(ticket: Ticket, outcome: EventKind, now: datetime) -> Segment:
    return Segment(
        service=ticket.service,
        desk=ticket.desk,
        agent=ticket.agent,
        waiting_from=ticket.segment_from,
        called_at=ticket.called_at,
        started_at=ticket.started_at,
        ended_at=now,
        outcome=outcome,
    )
