"""Issuing a ticket, and what a citizen may do with theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from server.actions.hall import Answered, Caller, Hall, Step, perform, request_key, require_branch
from server.clock import new_secret, new_ticket_id
from server.db import reads
from server.db.staffing import read_staffing_around
from server.db.unit_of_work import RequestKey, UnitOfWork
from server.db.views import wait_range
from server.domain import queue, ticket
from server.domain.ids import BranchId, Language, Secret
from server.domain.roles import Right
from server.domain.states import TicketClass
from server.domain.ticket import Ticket, Unchanged
from server.wire import TicketAnswer


def issue_ticket(
    *,
    hall: Hall,
    caller: Caller,
    branch: BranchId,
    service: str,
    ticket_class: TicketClass,
    language: Language,
    key: str | None,
) -> Answered[TicketAnswer]:
    """Give out the next number of a line.

    Raises NotAllowed, UnknownService, ServiceClosed, BranchClosed, LineFull, KeyReused.
    """
    caller.require(Right.ISSUE)
    require_branch(caller, branch)
    asked = queue.IssueRequest(
        ticket_class=ticket_class,
        language=language,
        printer=caller.printer,
        device=caller.device,
    )

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        found = reads.service_by_code(work.connection, branch, service)
        # Asked before the number is taken: the error then speaks of the door, not of the counter.
        queue.require_open(work.branch, found, now)
        day = work.branch.hours.business_day(now)
        number, waiting, reserved_from = work.take_number(found.id, day)
        change = queue.issue(
            asked,
            branch=work.branch,
            service=found,
            number=number,
            reserved_from=reserved_from,
            day=day,
            ticket_id=new_ticket_id(now, work.seq, hall.chance),
            secret=new_secret(hall.chance),
            now=now,
        )
        work.record(change)
        # An ordinary newcomer is last, whatever the order of the others: no need to count them.
        is_last = ticket_class is TicketClass.ORDINARY
        ahead = waiting if is_last else reads.ahead_of(work.connection, change.after)
        staffing = read_staffing_around(work.connection, branch, day, found.id)
        wait = wait_range(staffing, found.id, ahead)
        answer = answer_of(change.after, found.code, None, work.seq)
        return Step(answer=replace(answer, secret=change.after.secret, ahead=ahead, wait=wait))

    request = issue_key(caller, key, service, ticket_class, language)
    return perform(hall, branch, request, TicketAnswer, step)


def issue_key(
    caller: Caller, key: str | None, service: str, ticket_class: str, language: str
) -> RequestKey | None:
    """The identity of a tap, the same whether the server or the kiosk gives out the ticket."""
    return request_key(caller.scope, key, "issue", caller.branch, service, ticket_class, language)


def cancel_ticket(*, hall: Hall, secret: Secret, key: str | None) -> Answered[TicketAnswer]:
    """The citizen gives up the place. Raises UnknownTicket, IllegalTransition, KeyReused."""
    with hall.store.read() as connection:
        found = reads.ticket_by_secret(connection, secret)

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        present = reads.ticket(work.connection, found.branch, found.id)
        decision = ticket.cancel(present, place=None, now=now)
        service = work.service_code(present.service)
        if isinstance(decision, Unchanged):
            return Step(answer=answer_of(present, service, None, work.seq), is_change=False)
        work.record(decision)
        return Step(answer=answer_of(decision.after, service, None, work.seq))

    request = request_key(f"ticket:{found.id}", key, "cancel")
    return perform(hall, found.branch, request, TicketAnswer, step)


def answer_of(value: Ticket, service: str, desk: int | None, seq: int) -> TicketAnswer:
    """A ticket as the API tells it, without its secret; `service` is a code, `desk` a number."""
    return TicketAnswer(
        id=value.id,
        label=value.label,
        state=value.state.value,
        service=service,
        ticket_class=value.ticket_class.value,
        language=value.language.value,
        desk=desk,
        issued_at=value.issued_at,
        called_at=value.called_at,
        seq=seq,
    )
