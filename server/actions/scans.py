"""A ticket's QR shown to a kiosk: what became of it, and back into the line for who was missed."""

from __future__ import annotations

from datetime import date, datetime

from server.actions.hall import Caller, Hall, Step, perform
from server.db import reads, views
from server.db.unit_of_work import UnitOfWork
from server.domain import ticket
from server.domain.errors import UnknownTicket
from server.domain.ids import Secret
from server.domain.roles import Right
from server.domain.states import TicketState
from server.domain.ticket import Ticket, Unchanged
from server.wire_devices import ScanAnswer


def scan_ticket(*, hall: Hall, caller: Caller, secret: Secret, reinstate: bool) -> ScanAnswer:
    """The ticket as its owner may see it; `reinstate` puts one that was missed today back into its line.

    Twice is the same as once. Raises NotAllowed, UnknownTicket (also for a ticket of another branch).
    """
    caller.require(Right.ISSUE)
    with hall.store.read() as connection:
        found = reads.ticket_by_secret(connection, secret)
    if found.branch != caller.branch:
        raise UnknownTicket("there is no such ticket")
    was_reinstated = reinstate and _reinstated(hall, found)
    now = hall.clock.now()
    with hall.store.read() as connection:
        present = reads.ticket(connection, found.branch, found.id)
        branch = reads.branch(connection, found.branch)
        return ScanAnswer(
            ticket=views.ticket(connection, present, now),
            can_be_reinstated=_was_missed_today(present, branch.hours.business_day(now)),
            was_reinstated=was_reinstated,
        )


def _reinstated(hall: Hall, found: Ticket) -> bool:
    def step(work: UnitOfWork, now: datetime) -> Step[bool]:
        present = reads.ticket(work.connection, found.branch, found.id)
        if not _was_missed_today(present, work.branch.hours.business_day(now)):
            return Step(answer=False, is_change=False)
        decision = ticket.reinstate(present, place=None, now=now)
        assert not isinstance(decision, Unchanged), "a missed ticket is not waiting already"
        work.record(decision)
        return Step(answer=True)

    return perform(hall, found.branch, None, bool, step).value


def _was_missed_today(value: Ticket, today: date) -> bool:
    return value.state is TicketState.MISSED and value.day == today
