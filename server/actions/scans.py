"""A ticket's QR shown to a kiosk: what became of it, and back into the line for who was missed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from server.actions.hall import Caller, Hall, Step, perform, request_key
from server.db import reads, views
from server.db.unit_of_work import UnitOfWork
from server.domain import ticket
from server.domain.errors import UnknownTicket
from server.domain.ids import Secret
from server.domain.roles import Right
from server.domain.states import TicketState
from server.domain.ticket import Change, Ticket
from server.wire_devices import ScanAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scanned:
    """What is remembered of a scan."""

    ticket: str
    was_reinstated: bool


def scan_ticket(
    *, hall: Hall, caller: Caller, secret: Secret, reinstate: bool, key: str | None
) -> ScanAnswer:
    """The ticket as its owner may see it; `reinstate` puts one that was missed today back into its line.

    Twice is the same as once. Raises NotAllowed, UnknownTicket (also for a ticket of another branch), KeyReused.
    """
    caller.require(Right.ISSUE)
    with hall.store.read() as connection:
        found = reads.ticket_by_secret(connection, secret)
    if found.branch != caller.branch:
        raise UnknownTicket("there is no such ticket")
    was_reinstated = reinstate and _reinstated(hall, caller, found, key)
    now = hall.clock.now()
    with hall.store.read() as connection:
        present = reads.ticket(connection, found.branch, found.id)
        today = reads.branch(connection, found.branch).hours.business_day(now)
        return ScanAnswer(
            ticket=views.ticket(connection, present, now),
            can_be_reinstated=_was_missed_today(present, today),
            was_reinstated=was_reinstated,
        )


def _reinstated(hall: Hall, caller: Caller, found: Ticket, key: str | None) -> bool:
    def step(work: UnitOfWork, now: datetime) -> Step[_Scanned]:
        present = reads.ticket(work.connection, found.branch, found.id)
        answer = _Scanned(ticket=present.id, was_reinstated=True)
        if not _was_missed_today(present, work.branch.hours.business_day(now)):
            return Step(answer=replace(answer, was_reinstated=False), is_change=False)
        decision = ticket.reinstate(present, place=None, now=now)
        assert isinstance(decision, Change), "a missed ticket changes when it is put back"
        work.record(decision)
        return Step(answer=answer)

    request = request_key(caller.scope, key, "scan_ticket", found.id)
    return perform(hall, found.branch, request, _Scanned, step).value.was_reinstated


def _was_missed_today(value: Ticket, today: date) -> bool:
    return value.state is TicketState.MISSED and value.day == today
