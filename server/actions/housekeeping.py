"""What time does to a branch: yesterday's tickets and shifts are closed, old answers are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from server.actions.hall import Hall
from server.db import admin, outbox, reads, speech
from server.db.engine import Connection
from server.db.unit_of_work import UnitOfWork
from server.domain import queue, ticket
from server.domain.branch import Branch
from server.domain.events import Event, EventKind
from server.domain.ids import BranchId
from server.domain.speech import SPEECH_KEPT

CLOSED_AT_ONCE_MAX = 200
"""Tickets closed in one transaction: the lock is never held long."""
ANSWERS_KEPT = timedelta(hours=48)
"""How long a replay gets its first answer: longer than any client retries."""


def close_past_days(*, hall: Hall, branch: BranchId) -> int:
    """Close what is still open from earlier days; returns how many tickets. Safe to run at any time, twice.

    Numbers need no reset: the day is in their key.
    """
    closed = 0
    while True:
        with hall.store.change(branch) as work:
            now = hall.clock.now()
            today = work.branch.hours.business_day(now)
            page = reads.unfinished(work.connection, branch, today, CLOSED_AT_ONCE_MAX)
            for each in page:
                work.record(ticket.close_day(each, now=now))
            _close_forgotten_shifts(work, now)
            work.commit()
        closed += len(page)
        if len(page) < CLOSED_AT_ONCE_MAX:
            return closed


def _close_forgotten_shifts(work: UnitOfWork, now: datetime) -> None:
    """A shift that somebody forgot to close must not keep the desk today; one with a ticket was not forgotten."""
    midnight = work.branch.hours.midnight(now)
    for shift in reads.shifts_before(work.connection, work.branch.id, midnight):
        if reads.in_hand(work.connection, shift.desk) is None:
            work.save_shift(shift, closed_at=now)
            work.record_event(queue.shift_closed(shift, now))


def note_hours(*, hall: Hall, branch: BranchId) -> bool:
    """Record that the branch opened or closed since its last event; whether it did.

    Screens then hear of it like of any other change, and a view's `seq` tells that it is another view.
    """
    with hall.store.read() as connection:
        if _hours_event(connection, reads.branch(connection, branch), hall.clock.now()) is None:
            return False
    with hall.store.change(branch) as work:
        now = hall.clock.now()
        # Asked again under the lock: another process may have been faster.
        event = _hours_event(work.connection, work.branch, now)
        if event is None:
            return False
        work.record_event(event)
        work.commit()
    return True


def _hours_event(connection: Connection, branch: Branch, now: datetime) -> Event | None:
    last = outbox.last_event_at(connection, branch.id)
    is_open = branch.hours.is_open(now)
    if last is None or branch.hours.is_open(last) is is_open:
        return None
    return Event(kind=EventKind.BRANCH_OPENED if is_open else EventKind.BRANCH_CLOSED, at=now)


def forget_answers(*, hall: Hall) -> int:
    """Delete the answers that no client will ask for again; returns how many."""
    before = hall.clock.now() - ANSWERS_KEPT
    with hall.store.administer() as connection:
        return admin.delete_requests(connection, before)


def forget_speech(*, hall: Hall) -> int:
    """Delete who spoke calls that no display will ask for again; returns how many."""
    before = hall.clock.now() - SPEECH_KEPT
    with hall.store.administer() as connection:
        return speech.forget(connection, before)
