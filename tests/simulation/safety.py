"""What is checked after every step of a simulated day."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from server.actions.hall import Hall
from server.db.jobs import JobState
from server.db.tables import jobs
from server.domain.errors import NobodyWaiting
from server.domain.events import EventKind
from server.domain.ids import BranchId, Seq, TicketId
from server.domain.states import TicketState
from server.domain.ticket import Ticket
from server.wire import TicketAnswer
from tests.simulation import checks


class Safety:
    """Remembers what was promised to citizens, and tells the story event by event."""

    def __init__(self, branch: BranchId) -> None:
        self._branch = branch
        self._story = checks.Story()
        self._snapshot: checks.Snapshot | None = None
        self._promised: dict[TicketId, TicketAnswer] = {}
        self._issued: list[Seq] = []
        self.pending_jobs = 0

    def acknowledge(self, answer: TicketAnswer) -> None:
        """A kiosk showed this number: from now on it must exist."""
        assert TicketId(answer.id) not in self._promised, "two citizens, one ticket"
        self._promised[TicketId(answer.id)] = answer

    def tickets(self) -> list[Ticket]:
        """As of the last check."""
        return list(self._snapshot.tickets.values()) if self._snapshot else []

    @property
    def seats(self) -> dict[int, int]:
        """Desks with an open shift."""
        return {int(desk): agent for desk, agent in self._story.seats.items()}

    def check(self, hall: Hall) -> None:
        """Raises AssertionError when a rule is broken."""
        with hall.store.read() as connection:
            snapshot = checks.read(connection, self._branch, self._story.seq)
            self.pending_jobs = connection.execute(
                sa.select(sa.func.count()).where(jobs.c.state == JobState.PENDING.value)
            ).scalar_one()
        checks.check(snapshot, self._story)
        self._issued += [
            recorded.seq
            for recorded in snapshot.history
            if recorded.event.kind is EventKind.TICKET_ISSUED
        ]
        assert set(snapshot.jobs) <= set(self._issued)
        assert len(set(snapshot.jobs)) == len(snapshot.jobs), "two jobs of one event"
        self._check_promises(hall, snapshot)
        self._snapshot = snapshot

    def _check_promises(self, hall: Hall, snapshot: checks.Snapshot) -> None:
        del hall
        for ticket_id, answer in self._promised.items():
            found = snapshot.tickets[ticket_id]
            assert (found.label, found.secret) == (answer.label, answer.secret)
        assert len(snapshot.tickets) - len(self._promised) in (0, 1), "tickets nobody asked for"

    def check_settled(self) -> None:
        """Once the day has settled, each issued ticket had its one job."""
        assert self._snapshot is not None
        assert list(self._snapshot.jobs) == sorted(self._issued)
        assert set(self._promised) == set(self._snapshot.tickets)

    def nobody_waiting(self, refusal: NobodyWaiting, now: datetime) -> None:
        """Truthful: a time at which somebody may be called is ahead, and somebody is held until then."""
        if refusal.callable_at is None:
            return
        assert refusal.callable_at > now
        held = {each.not_before for each in self.tickets() if each.state is TicketState.WAITING}
        assert refusal.callable_at in held
