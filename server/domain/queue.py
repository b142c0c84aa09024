"""The decisions about a whole line or desk: issuing, choosing whom to call, the shift at a desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from server.domain.branch import Branch, Service
from server.domain.errors import (
    BranchClosed,
    DeskPaused,
    LineFull,
    NobodyWaiting,
    ServiceClosed,
    TicketInHand,
)
from server.domain.events import Event, EventKind
from server.domain.ids import (
    AgentId,
    DeskId,
    DeviceId,
    Label,
    Language,
    Secret,
    TicketId,
)
from server.domain.ranking import Explanation, Head, explain, rank_at
from server.domain.states import TicketClass, TicketState
from server.domain.ticket import Change, Ticket

MAX_NUMBER = 999
"""Three digits: what a wall can show, a voice can say and a person can remember."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest:
    """A tap on a service."""

    ticket_class: TicketClass
    language: Language
    printer: int | None = None
    """Where the paper comes out; None is the branch's first printer, if it has one."""
    device: DeviceId | None = None
    """The kiosk that asks, if it is a paired one; without `printer` it prints by itself."""


def label_of(service: Service, number: int, *, below: int = MAX_NUMBER + 1) -> Label:
    """`A` and 12 make `A012`. Raises LineFull from `below` on: past `MAX_NUMBER`, or leased to a kiosk."""
    if number >= min(below, MAX_NUMBER + 1):
        raise LineFull("this line has given out all its numbers today", service=service.code)
    return Label(f"{service.letter}{number:03d}")


def require_open(branch: Branch, service: Service, now: datetime) -> None:
    """Raises BranchClosed or ServiceClosed; the kiosk greys the tile by the same rule."""
    if not branch.hours.is_open(now):
        raise BranchClosed("the branch is closed now", branch=branch.slug)
    if not service.is_open:
        raise ServiceClosed("this service is closed now", service=service.code)


def issue(
    request: IssueRequest,
    *,
    branch: Branch,
    service: Service,
    number: int,
    reserved_from: int = MAX_NUMBER + 1,
    day: date,
    ticket_id: TicketId,
    secret: Secret,
    now: datetime,
) -> Change:
    """A new ticket at the place its class and arrival give it. Raises LineFull from `reserved_from` on."""
    require_open(branch, service, now)
    ticket = Ticket(
        id=ticket_id,
        branch=branch.id,
        day=day,
        service=service.id,
        label=label_of(service, number, below=reserved_from),
        secret=secret,
        ticket_class=request.ticket_class,
        language=request.language,
        state=TicketState.WAITING,
        issued_at=now,
        rank_at=rank_at(
            arrived_at=now,
            ticket_class=request.ticket_class,
            head_starts=branch.head_starts,
        ),
        segment_from=now,
    )
    data: dict[str, str | int] = {"label": ticket.label, "class": ticket.ticket_class.value}
    if request.printer is not None:
        data["printer"] = request.printer
    if request.device is not None:
        data["device"] = request.device
    event = Event(
        kind=EventKind.TICKET_ISSUED,
        at=now,
        ticket=ticket.id,
        service=service.id,
        data=data,
    )
    return Change(before=None, after=ticket, event=event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whom to call, and why."""

    head: Head
    explanation: Explanation


def choose(heads: Sequence[Head], *, branch: Branch, held_until: datetime | None) -> Choice:
    """The best of the heads of the desk's lines (one callable head a line at most, plus runners-up).

    Raises NobodyWaiting, which tells when the first held ticket becomes callable, if there is one.
    """
    ordered = sorted(heads, key=lambda head: head.key)
    if not ordered:
        raise NobodyWaiting("nobody can be called now", callable_at=held_until)
    second = ordered[1] if len(ordered) > 1 else None
    return Choice(head=ordered[0], explanation=explain(ordered[0], second, branch.head_starts))


class PauseReason(StrEnum):
    """Why a desk is paused; the hall sees only that it is."""

    BREAK = "break"
    PRAYER = "prayer"
    MEETING = "meeting"
    ERRAND = "errand"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An agent's presence at a desk."""

    desk: DeskId
    agent: AgentId
    opened_at: datetime
    paused_at: datetime | None = None
    pause_reason: PauseReason | None = None
    auto_call: bool = False
    """Whether the desk page calls the next arrival by itself."""


def require_ready(shift: Shift, in_hand: Ticket | None) -> None:
    """A desk calls when it is not paused and has nobody. Raises DeskPaused or TicketInHand."""
    if shift.paused_at is not None:
        raise DeskPaused("the desk is paused", desk=shift.desk)
    if in_hand is not None:
        raise TicketInHand(
            "finish with the present ticket first",
            label=in_hand.label,
            state=in_hand.state,
        )


def pause(
    shift: Shift, *, reason: PauseReason, in_hand: Ticket | None, now: datetime
) -> tuple[Shift, Event] | None:
    """The shift paused, or None when it already is. Raises TicketInHand."""
    if shift.paused_at is not None and shift.pause_reason is reason:
        return None
    if in_hand is not None:
        raise TicketInHand(
            "finish with the present ticket first",
            label=in_hand.label,
            state=in_hand.state,
        )
    after = replace(shift, paused_at=now, pause_reason=reason)
    return after, _shift_event(EventKind.PAUSE_STARTED, after, now, reason)


def resume(shift: Shift, *, now: datetime) -> tuple[Shift, Event] | None:
    """The shift going on, or None when it was not paused."""
    if shift.paused_at is None:
        return None
    after = replace(shift, paused_at=None, pause_reason=None)
    return after, _shift_event(EventKind.PAUSE_ENDED, after, now)


def set_auto_call(shift: Shift, *, is_on: bool, now: datetime) -> tuple[Shift, Event] | None:
    """The shift with the automatic call on or off, or None when it already is so."""
    if shift.auto_call is is_on:
        return None
    event = Event(
        kind=EventKind.AUTO_CALL_SET,
        at=now,
        desk=shift.desk,
        agent=shift.agent,
        data={"on": int(is_on)},
    )
    return replace(shift, auto_call=is_on), event


def shift_opened(shift: Shift) -> Event:
    """The fact of a shift's beginning."""
    return _shift_event(EventKind.SHIFT_OPENED, shift, shift.opened_at)


def shift_closed(shift: Shift, now: datetime) -> Event:
    """The fact of a shift's end."""
    return _shift_event(EventKind.SHIFT_CLOSED, shift, now)


def _shift_event(
    kind: EventKind, shift: Shift, now: datetime, reason: PauseReason | None = None
) -> Event:
    data = {"reason": reason.value} if reason else {}
    return Event(kind=kind, at=now, desk=shift.desk, agent=shift.agent, data=data)
