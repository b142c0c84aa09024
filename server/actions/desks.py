"""What an agent does at a desk: the shift, the call, and every step of the ticket in hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from server.actions.hall import (
    Answered,
    Caller,
    Hall,
    Step,
    perform,
    place_of,
    request_key,
    require_shift,
)
from server.actions.tickets import answer_of
from server.db import reads
from server.db.staffing import learn
from server.db.unit_of_work import UnitOfWork
from server.domain import queue, ticket
from server.domain.branch import Desk
from server.domain.errors import IllegalTransition
from server.domain.events import EventKind
from server.domain.ids import AgentId, DeskId, TicketId
from server.domain.ranking import Cause, Explanation
from server.domain.roles import Right
from server.domain.states import Verb
from server.domain.ticket import Change, Decision, Place, Ticket, Unchanged
from server.wire import NextUp, TicketAnswer


class Decide(Protocol):
    """A verb of the domain that needs nothing but the ticket and the desk."""

    def __call__(self, value: Ticket, /, *, place: Place, now: datetime) -> Decision: ...


_AT_DESK: Mapping[Verb, Decide] = {
    Verb.RECALL: ticket.recall,
    Verb.START: ticket.start,
    Verb.UNDO_START: ticket.undo_start,
    Verb.FINISH: ticket.finish,
    Verb.NO_SHOW: ticket.no_show,
    Verb.PARK: ticket.park,
    Verb.UNPARK: ticket.unpark,
    Verb.RETURN: ticket.return_to_line,
    Verb.REINSTATE: ticket.reinstate,
    Verb.CANCEL: ticket.cancel,
    Verb.REOPEN: ticket.reopen,
}
SIMPLE_VERBS = frozenset(_AT_DESK)
"""The verbs that `step_ticket` takes: they need nothing but the ticket and the desk."""
_OCCUPYING = frozenset({Verb.REOPEN})
"""Verbs that put a ticket into the agent's hand: the desk must be ready for one."""
_SAME_DAY = frozenset({Verb.REINSTATE})
"""Verbs that put a ticket into a line again; nobody calls from the lines of a past day."""
_TEACHING = frozenset({EventKind.TICKET_FINISHED, EventKind.TICKET_TRANSFERRED})
"""Outcomes after which the time at the desk says how long the service takes."""


def call_next(
    *, hall: Hall, caller: Caller, desk: DeskId, key: str | None
) -> Answered[TicketAnswer]:
    """Call the first callable ticket of the desk's lines, with the reason why it is the first.

    Raises NoShift, DeskPaused, TicketInHand, NobodyWaiting, UnknownDesk, NotAllowed, KeyReused.
    """
    agent = _serving_agent(caller)

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        at = reads.desk(work.connection, work.branch.id, desk)
        shift = require_shift(reads.shift_of(work.connection, work.branch.id, agent), desk)
        queue.require_ready(shift, reads.in_hand(work.connection, desk))
        choice = choose_for(work, at, now)
        chosen = reads.ticket(work.connection, work.branch.id, choice.head.ticket)
        decision = ticket.call(chosen, place=place_of(shift), now=now)
        return _called(work, decision, next_up(choice.explanation))

    request = request_key(caller.scope, key, "call_next", desk)
    return perform(hall, caller.branch, request, TicketAnswer, step)


def call_ticket(
    *, hall: Hall, caller: Caller, desk: DeskId, ticket_id: TicketId, key: str | None
) -> Answered[TicketAnswer]:
    """Call one chosen ticket, waiting or parked, out of the order; the event says that it was chosen.

    Raises as `call_next`, and UnknownTicket, IllegalTransition.
    """
    agent = _serving_agent(caller)

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        reads.desk(work.connection, work.branch.id, desk)
        shift = require_shift(reads.shift_of(work.connection, work.branch.id, agent), desk)
        chosen = reads.ticket(work.connection, work.branch.id, ticket_id)
        decision = ticket.call(chosen, place=place_of(shift), now=now)
        if isinstance(decision, Change):
            queue.require_ready(shift, reads.in_hand(work.connection, desk))
        why = NextUp(label=chosen.label, cause=Cause.CHOSEN.value, over=None, minutes=0)
        return _called(work, decision, why)

    request = request_key(caller.scope, key, "call_ticket", desk, ticket_id)
    return perform(hall, caller.branch, request, TicketAnswer, step)


def step_ticket(
    *, hall: Hall, caller: Caller, ticket_id: TicketId, verb: Verb, key: str | None
) -> Answered[TicketAnswer]:
    """One step of `SIMPLE_VERBS` from the desk of the caller's open shift.

    Raises NoShift, UnknownTicket, IllegalTransition, TicketNotHere, RecallTooSoon, ReopenTooLate,
    TicketInHand, NotAllowed, KeyReused.
    """
    agent = _serving_agent(caller)
    if verb is Verb.REOPEN:
        caller.require(Right.SUPERVISE)

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        shift = require_shift(reads.shift_of(work.connection, work.branch.id, agent))
        present = reads.ticket(work.connection, work.branch.id, ticket_id)
        decision = _AT_DESK[verb](present, place=place_of(shift), now=now)
        if verb in _SAME_DAY and present.day != work.branch.hours.business_day(now):
            raise IllegalTransition(
                f"its day is over: a ticket that is {present.state} stays so",
                state=present.state,
                verb=verb,
                label=present.label,
            )
        if verb in _OCCUPYING:
            queue.require_ready(shift, reads.in_hand(work.connection, shift.desk))
        return _stepped(work, decision)

    request = request_key(caller.scope, key, verb, ticket_id)
    return perform(hall, caller.branch, request, TicketAnswer, step)


def transfer_ticket(
    *, hall: Hall, caller: Caller, ticket_id: TicketId, to: str, key: str | None
) -> Answered[TicketAnswer]:
    """Move a ticket to the line of the service with code `to`: number, secret and rank stay.

    A service that is closed to newcomers still takes it: the citizen is in the house already.
    Raises NoShift, UnknownTicket, UnknownService, IllegalTransition, TicketNotHere, KeyReused.
    """
    agent = _serving_agent(caller)

    def step(work: UnitOfWork, now: datetime) -> Step[TicketAnswer]:
        shift = require_shift(reads.shift_of(work.connection, work.branch.id, agent))
        present = reads.ticket(work.connection, work.branch.id, ticket_id)
        target = reads.service_by_code(work.connection, work.branch.id, to)
        decision = ticket.transfer(present, to=target.id, place=place_of(shift), now=now)
        return _stepped(work, decision)

    request = request_key(caller.scope, key, "transfer", ticket_id, to)
    return perform(hall, caller.branch, request, TicketAnswer, step)


def choose_for(work: UnitOfWork, at: Desk, now: datetime) -> queue.Choice:
    """Whom a desk would call. Raises NobodyWaiting."""
    day = work.branch.hours.business_day(now)
    found = reads.heads(work.connection, at, day, now)
    held = None if found else reads.held_until(work.connection, at, day, now)
    return queue.choose(found, branch=work.branch, held_until=held)


def next_up(explanation: Explanation) -> NextUp:
    """An explanation as screens receive it."""
    return NextUp(
        label=explanation.label,
        cause=explanation.cause.value,
        over=explanation.over,
        minutes=explanation.minutes,
    )


def _serving_agent(caller: Caller) -> AgentId:
    caller.require(Right.SERVE)
    return caller.require_agent()


def _called(work: UnitOfWork, decision: Decision, why: NextUp) -> Step[TicketAnswer]:
    if isinstance(decision, Change):
        # The reason goes into the log with the call: the audit view tells it later as the desk does now.
        reason: dict[str, str | int] = {"cause": why.cause, "minutes": why.minutes}
        if why.over is not None:
            reason["over"] = why.over
        event = replace(decision.event, data={**decision.event.data, **reason})
        decision = replace(decision, event=event)
    stepped = _stepped(work, decision)
    return replace(stepped, answer=replace(stepped.answer, explanation=why))


def _stepped(work: UnitOfWork, decision: Decision) -> Step[TicketAnswer]:
    """Record a decision, unless it is "already so", and answer with the ticket as it is now."""
    after = decision.ticket if isinstance(decision, Unchanged) else decision.after
    if isinstance(decision, Change):
        work.record(decision)
        _learn_from(work, decision)
    desk = work.desk_number(after.desk) if after.desk is not None else None
    answer = answer_of(after, work.service_code(after.service), desk, work.seq)
    return Step(answer=answer, is_change=isinstance(decision, Change))


def _learn_from(work: UnitOfWork, change: Change) -> None:
    segment = change.segment
    if segment is None or segment.started_at is None or change.event.kind not in _TEACHING:
        return
    seconds = (segment.ended_at - segment.started_at).total_seconds()
    work.save_handling(segment.service, learn(work.connection, segment.service, seconds))
