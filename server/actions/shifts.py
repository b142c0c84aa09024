"""An agent's presence at a desk: opening and closing the shift, pausing, calling the next arrival by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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
from server.db import reads
from server.db.credentials import account
from server.db.unit_of_work import UnitOfWork
from server.domain import queue, ticket
from server.domain.errors import AgentElsewhere, DeskTaken, TicketInHand
from server.domain.events import Event
from server.domain.ids import AgentId, DeskId
from server.domain.queue import PauseReason, Shift
from server.domain.roles import Right, rights_of
from server.domain.states import TicketState
from server.domain.ticket import Change
from server.wire import ShiftAnswer

Alter = Callable[[UnitOfWork, Shift, datetime], tuple[Shift, Event] | None]


def open_shift(
    *, hall: Hall, caller: Caller, desk: DeskId, key: str | None
) -> Answered[ShiftAnswer]:
    """Sit down at a desk. Raises UnknownDesk, DeskTaken, AgentElsewhere, NotAllowed, KeyReused."""
    caller.require(Right.SERVE)
    agent = caller.require_agent()

    def step(work: UnitOfWork, now: datetime) -> Step[ShiftAnswer]:
        reads.desk(work.connection, work.branch.id, desk)
        mine = reads.shift_of(work.connection, work.branch.id, agent)
        if mine is not None and mine.desk == desk:
            return Step(answer=_answer(work, mine, is_open=True), is_change=False)
        if mine is not None:
            raise AgentElsewhere("close your shift at the other desk first", desk=mine.desk)
        if reads.shift_at(work.connection, desk) is not None:
            raise DeskTaken("another agent is at this desk", desk=desk)
        shift = Shift(desk=desk, agent=agent, opened_at=now)
        work.open_shift(shift)
        work.record_event(queue.shift_opened(shift))
        return Step(answer=_answer(work, shift, is_open=True))

    request = request_key(caller.scope, key, "open_shift", desk)
    return perform(hall, caller.branch, request, ShiftAnswer, step)


def close_shift(
    *, hall: Hall, caller: Caller, desk: DeskId, key: str | None
) -> Answered[ShiftAnswer]:
    """Get up: a ticket that was only called goes back to its line with its rank.

    A supervisor also ends the shift of somebody who left; what that desk was serving is then set aside.
    Raises NoShift, TicketInHand (one is being served), NotAllowed, KeyReused.
    """
    caller.require(Right.SERVE)
    agent = caller.require_agent()
    supervises = Right.SUPERVISE in rights_of(caller.role)

    def step(work: UnitOfWork, now: datetime) -> Step[ShiftAnswer]:
        shift = _shift_to_close(work, desk, agent, supervises=supervises)
        held = reads.in_hand(work.connection, desk)
        if held is not None and held.state is TicketState.SERVING and shift.agent == agent:
            raise TicketInHand("finish the ticket first", label=held.label, state=held.state)
        if held is not None:
            leave = ticket.park if held.state is TicketState.SERVING else ticket.return_to_line
            left = leave(held, place=place_of(shift), now=now)
            assert isinstance(left, Change), "what is at a desk can leave it"
            work.record(left)
        work.save_shift(shift, closed_at=now)
        work.record_event(queue.shift_closed(shift, now))
        return Step(answer=_answer(work, shift, is_open=False))

    request = request_key(caller.scope, key, "close_shift", desk)
    return perform(hall, caller.branch, request, ShiftAnswer, step)


def _shift_to_close(work: UnitOfWork, desk: DeskId, agent: AgentId, *, supervises: bool) -> Shift:
    found = reads.shift_at(work.connection, desk)
    is_ours = found is not None and (found.agent == agent or supervises)
    reads.desk(work.connection, work.branch.id, desk)  # another branch's desk is unknown here
    return require_shift(found if is_ours else None, desk)


def pause_shift(
    *, hall: Hall, caller: Caller, desk: DeskId, reason: PauseReason, key: str | None
) -> Answered[ShiftAnswer]:
    """Stop calling for a while. Raises NoShift, TicketInHand, NotAllowed, KeyReused."""

    def alter(work: UnitOfWork, shift: Shift, now: datetime) -> tuple[Shift, Event] | None:
        held = reads.in_hand(work.connection, desk)
        return queue.pause(shift, reason=reason, in_hand=held, now=now)

    return _alter(hall, caller, desk, key, ("pause", reason), alter)


def resume_shift(
    *, hall: Hall, caller: Caller, desk: DeskId, key: str | None
) -> Answered[ShiftAnswer]:
    """Go on after a pause. Raises NoShift, NotAllowed, KeyReused."""

    def alter(_work: UnitOfWork, shift: Shift, now: datetime) -> tuple[Shift, Event] | None:
        return queue.resume(shift, now=now)

    return _alter(hall, caller, desk, key, ("resume",), alter)


def set_auto_call(
    *, hall: Hall, caller: Caller, desk: DeskId, is_on: bool, key: str | None
) -> Answered[ShiftAnswer]:
    """Whether the desk page calls the next arrival by itself. Raises NoShift, NotAllowed, KeyReused."""

    def alter(_work: UnitOfWork, shift: Shift, now: datetime) -> tuple[Shift, Event] | None:
        return queue.set_auto_call(shift, is_on=is_on, now=now)

    return _alter(hall, caller, desk, key, ("auto_call", is_on), alter)


def _alter(
    hall: Hall,
    caller: Caller,
    desk: DeskId,
    key: str | None,
    asked: tuple[object, ...],
    alter: Alter,
) -> Answered[ShiftAnswer]:
    caller.require(Right.SERVE)
    agent = caller.require_agent()

    def step(work: UnitOfWork, now: datetime) -> Step[ShiftAnswer]:
        mine = reads.shift_of(work.connection, work.branch.id, agent)
        shift = require_shift(mine, desk)
        altered = alter(work, shift, now)
        if altered is None:
            return Step(answer=_answer(work, shift, is_open=True), is_change=False)
        after, event = altered
        work.save_shift(after)
        work.record_event(event)
        return Step(answer=_answer(work, after, is_open=True))

    request = request_key(caller.scope, key, desk, *asked)
    return perform(hall, caller.branch, request, ShiftAnswer, step)


def _answer(work: UnitOfWork, shift: Shift, *, is_open: bool) -> ShiftAnswer:
    found = account(work.connection, shift.agent)
    return ShiftAnswer(
        desk_id=shift.desk,
        desk=work.desk_number(shift.desk),
        agent=found.agent.name if found else "",
        opened_at=shift.opened_at,
        paused_at=shift.paused_at,
        pause_reason=shift.pause_reason.value if shift.pause_reason else None,
        is_open=is_open,
        seq=work.seq,
    )
