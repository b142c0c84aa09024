"""The states of a visit and the table of lawful steps between them (DESIGN section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class TicketClass(StrEnum):
    """Decides the head start. Never the reason for it: that is nobody's business (law 09-08)."""

    ORDINARY = "ordinary"
    PRIORITY = "priority"


class TicketState(StrEnum):
    """Where a visit stands; see DESIGN section 4."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    PARKED = "parked"
    MISSED = "missed"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Verb(StrEnum):
    """What can be asked of a ticket that exists."""

    CALL = "call"
    RECALL = "recall"
    START = "start"
    UNDO_START = "undo_start"
    FINISH = "finish"
    REOPEN = "reopen"
    NO_SHOW = "no_show"
    REINSTATE = "reinstate"
    PARK = "park"
    UNPARK = "unpark"
    TRANSFER = "transfer"
    RETURN = "return"
    CANCEL = "cancel"
    CLOSE_DAY = "close_day"


_S, _V = TicketState, Verb
LAWFUL: Mapping[TicketState, frozenset[Verb]] = {
    _S.WAITING: frozenset({_V.CALL, _V.PARK, _V.TRANSFER, _V.CANCEL, _V.CLOSE_DAY}),
    _S.CALLED: frozenset(
        {
            _V.START,
            _V.RECALL,
            _V.NO_SHOW,
            _V.TRANSFER,
            _V.RETURN,
            _V.PARK,
            _V.CANCEL,
            _V.CLOSE_DAY,
        }
    ),
    _S.SERVING: frozenset({_V.FINISH, _V.TRANSFER, _V.PARK, _V.UNDO_START, _V.CLOSE_DAY}),
    _S.PARKED: frozenset({_V.UNPARK, _V.CALL, _V.FINISH, _V.CANCEL, _V.CLOSE_DAY}),
    _S.MISSED: frozenset({_V.REINSTATE}),
    _S.DONE: frozenset({_V.REOPEN}),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""The steps of DESIGN section 4; whatever is not here is refused as `illegal_transition`."""

ALREADY_SO: Mapping[Verb, TicketState] = {
    _V.START: _S.SERVING,
    _V.FINISH: _S.DONE,
    _V.PARK: _S.PARKED,
    _V.UNPARK: _S.WAITING,
    _V.RETURN: _S.WAITING,
    _V.REINSTATE: _S.WAITING,
    _V.CANCEL: _S.CANCELLED,
}
"""Asking for what is already so is no error (a second press, a late retry): nothing is written."""

AT_A_DESK = frozenset({_S.CALLED, _S.SERVING})
"""The states that occupy a desk: at most one ticket a desk, also by a database index."""
