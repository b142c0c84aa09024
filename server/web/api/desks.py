"""Desks: the shift, the pause, the call, and everything an agent's screen shows."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.actions import desks, shifts
from server.actions.hall import Answered
from server.db import desk_view, reads
from server.domain.errors import (
    AgentElsewhere,
    DeskPaused,
    DeskTaken,
    IllegalTransition,
    KeyReused,
    NobodyWaiting,
    NoShift,
    TicketInHand,
    UnknownDesk,
    UnknownTicket,
)
from server.domain.ids import TicketId
from server.domain.roles import Right
from server.web import access
from server.web.api.operation import (
    CALLABLE_HEADER,
    VERSIONED,
    Asked,
    Method,
    Operation,
    empty,
    made,
    reply,
    versioned,
)
from server.web.context import web
from server.web.schemas import Call, Nothing, Pause
from server.wire import DeskView, ShiftAnswer, TicketAnswer


def _open_shift(asked: Asked[Nothing]) -> Response:
    return made(
        shifts.open_shift(hall=web().hall, caller=access.caller(), desk=asked.desk, key=asked.key)
    )


def _close_shift(asked: Asked[Nothing]) -> Response:
    closed = shifts.close_shift(
        hall=web().hall, caller=access.caller(), desk=asked.desk, key=asked.key
    )
    return reply(closed.value)


def _pause(asked: Asked[Pause]) -> Response:
    return made(
        shifts.pause_shift(
            hall=web().hall,
            caller=access.caller(),
            desk=asked.desk,
            reason=asked.input.reason,
            key=asked.key,
        )
    )


def _resume(asked: Asked[Nothing]) -> Response:
    resumed = shifts.resume_shift(
        hall=web().hall, caller=access.caller(), desk=asked.desk, key=asked.key
    )
    return reply(resumed.value)


def _call(asked: Asked[Call]) -> Response:
    try:
        return made(_called(asked))
    except NobodyWaiting as nobody:
        # Nothing was written, so nothing is remembered: the same key may ask again later.
        answer = empty(204)
        if nobody.callable_at is not None:
            answer.headers[CALLABLE_HEADER] = nobody.callable_at.isoformat()
        return answer


def _called(asked: Asked[Call]) -> Answered[TicketAnswer]:
    hall, caller = web().hall, access.caller()
    if asked.input.ticket is None:
        return desks.call_next(hall=hall, caller=caller, desk=asked.desk, key=asked.key)
    return desks.call_ticket(
        hall=hall,
        caller=caller,
        desk=asked.desk,
        ticket_id=TicketId(asked.input.ticket),
        key=asked.key,
    )


def _view(asked: Asked[Nothing]) -> Response:
    hall, desk, branch = web().hall, asked.desk, access.caller().branch
    with hall.store.read() as connection:
        seq = reads.branch(connection, branch).seq
        reads.desk(connection, branch, desk)
        shift = reads.shift_at(connection, desk)
        if shift is None:
            raise NoShift("nobody is at this desk", desk=desk)
        return versioned(seq, lambda: desk_view.desk(connection, branch, shift, hall.clock.now()))


_CALLING = (
    UnknownDesk,
    NoShift,
    DeskPaused,
    TicketInHand,
    UnknownTicket,
    IllegalTransition,
    KeyReused,
)

OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="open_shift",
        method=Method.POST,
        path="/desks/{desk}/shift",
        summary="Sit down at a desk.",
        handler=_open_shift,
        input=Nothing,
        answers={201: ShiftAnswer, 200: ShiftAnswer},
        refusals=(UnknownDesk, DeskTaken, AgentElsewhere, KeyReused),
        right=Right.SERVE,
    ),
    Operation(
        name="close_shift",
        method=Method.DELETE,
        path="/desks/{desk}/shift",
        summary="Get up; a ticket that was only called goes back to its line.",
        handler=_close_shift,
        input=Nothing,
        answers={200: ShiftAnswer},
        refusals=(NoShift, TicketInHand, KeyReused),
        right=Right.SERVE,
    ),
    Operation(
        name="pause_shift",
        method=Method.POST,
        path="/desks/{desk}/pauses",
        summary="Stop calling for a while.",
        handler=_pause,
        input=Pause,
        answers={201: ShiftAnswer, 200: ShiftAnswer},
        refusals=(NoShift, TicketInHand, KeyReused),
        right=Right.SERVE,
    ),
    Operation(
        name="resume_shift",
        method=Method.DELETE,
        path="/desks/{desk}/pauses",
        summary="Go on after a pause.",
        handler=_resume,
        input=Nothing,
        answers={200: ShiftAnswer},
        refusals=(NoShift, KeyReused),
        right=Right.SERVE,
    ),
    Operation(
        name="call_ticket",
        method=Method.POST,
        path="/desks/{desk}/calls",
        summary="Call the next ticket of the desk's lines, or the one named; 204 when nobody can be.",
        handler=_call,
        input=Call,
        answers={201: TicketAnswer, 200: TicketAnswer, 204: None},
        headers={204: (CALLABLE_HEADER,)},
        refusals=_CALLING,
        right=Right.SERVE,
    ),
    Operation(
        name="view_desk",
        method=Method.GET,
        path="/desks/{desk}/view",
        summary="Everything on the agent's screen.",
        handler=_view,
        input=Nothing,
        answers={200: DeskView, 304: None},
        headers=VERSIONED,
        refusals=(UnknownDesk, NoShift),
        right=Right.SERVE,
    ),
)
