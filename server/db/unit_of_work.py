"""One locked transaction over one branch: everything that changes a queue goes through here.

Locks: the branch, first and only (BEGIN IMMEDIATE on SQLite; on PostgreSQL the branch row, by updating its `seq`,
which lets rows that merely refer to the branch still be inserted elsewhere). A unit that is left
without `commit` is undone whole. `seq` is counted under the lock: gap-free and in commit order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.db import codec
from server.db.engine import begin, for_reading
from server.db.names import Names
from server.db.prepared import Prepared
from server.db.tables import branches, events, lines, requests, segments, services, shifts, tickets
from server.domain.blocks import LineNumbers
from server.domain.branch import Branch
from server.domain.errors import KeyReused, UnknownBranch
from server.domain.estimate import Handling
from server.domain.events import Event
from server.domain.ids import BranchId, DeskId, Seq, ServiceId
from server.domain.queue import Shift
from server.domain.states import TicketState
from server.domain.ticket import Change, Segment, Ticket

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """A changing request's own id (`Idempotency-Key`) and who sent it; `fingerprint` tells what it asks."""

    scope: str
    key: str
    fingerprint: str


# One statement locks the branch and counts it up, for nearly every change is one event.
_lock_branch = Prepared(
    sa.update(branches)
    .where(branches.c.id == sa.bindparam("branch"))
    .values(seq=branches.c.seq + 1)
    .returning(*branches.c)
)
_set_seq = Prepared(
    sa.update(branches)
    .where(branches.c.id == sa.bindparam("branch"))
    .values(seq=sa.bindparam("new_seq"))
)
_find_request = Prepared(
    sa.select(requests.c.fingerprint, requests.c.answer).where(
        requests.c.scope == sa.bindparam("scope"), requests.c.key == sa.bindparam("key")
    )
)
_INSERT_REQUEST = {
    dialect: Prepared(insert(requests).on_conflict_do_nothing().returning(requests.c.key))
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_insert_ticket = Prepared(sa.insert(tickets))
_update_ticket = Prepared(
    sa.update(tickets)
    .where(tickets.c.id == sa.bindparam("ticket"))
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "service_id",
                "state",
                "rank_at",
                "not_before",
                "segment_from",
                "desk_id",
                "agent_id",
                "called_at",
                "calls",
                "no_shows",
                "started_at",
                "ended_at",
            )
        }
    )
)
_insert_event = Prepared(sa.insert(events))
_insert_segment = Prepared(
    # Without its id, which the database gives.
    sa.insert(segments).values(
        {
            column.name: sa.bindparam(column.name, type_=column.type)
            for column in segments.c
            if column.name != "id"
        }
    )
)
_add_waiting = Prepared(
    sa.update(lines)
    .where(
        lines.c.branch_id == sa.bindparam("branch"),
        lines.c.day == sa.bindparam("for_day"),
        lines.c.service_id == sa.bindparam("service"),
    )
    .values(waiting=lines.c.waiting + sa.bindparam("change"))
)
_save_handling = Prepared(
    sa.update(services)
    .where(services.c.id == sa.bindparam("service"))
    .values(mean_seconds=sa.bindparam("mean_seconds"), visits=sa.bindparam("visits"))
)


def _upsert_line(dialect: str) -> Prepared:
    """Insert the day's row of a line, or count it up: the next number and the people waiting after it."""
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(lines).values(
        branch_id=sa.bindparam("branch"),
        day=sa.bindparam("for_day"),
        service_id=sa.bindparam("service"),
        last_number=sa.bindparam("numbers"),
        waiting=sa.bindparam("change"),
    )
    return Prepared(
        statement.on_conflict_do_update(
            index_elements=[lines.c.branch_id, lines.c.day, lines.c.service_id],
            set_={
                "last_number": lines.c.last_number + statement.excluded.last_number,
                "waiting": lines.c.waiting + statement.excluded.waiting,
            },
        ).returning(lines.c.last_number, lines.c.waiting, lines.c.reserved_from)
    )


_UPSERT_LINE = {dialect: _upsert_line(dialect) for dialect in ("sqlite", "postgresql")}


class UnitOfWork:
    """What an action works with between the lock and the commit. Built by `Store.change`."""

    def __init__(self, connection: sa.Connection, branch: Branch, names: Names) -> None:
        self.connection = connection
        self.branch = branch
        self._names = names
        self.seq = branch.seq
        self.is_committed = False

    def service_code(self, service: ServiceId) -> str:
        """By which answers speak of a service."""
        return self._names.service_code(self.connection, service)

    def desk_number(self, desk: DeskId) -> int:
        """By which answers speak of a desk."""
        return self._names.desk_number(self.connection, desk)

    def replayed(self, request: RequestKey | None, answer_type: type[Answer]) -> Answer | None:
        """The first answer to this very request, if it was answered before; None without a key.

        Raises KeyReused when the same key came with another request.
        """
        if request is None:
            return None
        row = _find_request.first(self.connection, {"scope": request.scope, "key": request.key})
        if row is None:
            return None
        if row.fingerprint != request.fingerprint:
            raise KeyReused("this Idempotency-Key was used for another request")
        return msgspec.json.decode(row.answer, type=answer_type)

    def remember(self, request: RequestKey, answer: object, now: datetime) -> bool:
        """Keep the answer for a replay, in this same transaction; False when the key has an answer already."""
        kept = _INSERT_REQUEST[self.connection.dialect.name].first(
            self.connection,
            {
                "scope": request.scope,
                "key": request.key,
                "fingerprint": request.fingerprint,
                "answer": msgspec.json.encode(answer),
                "at": now,
            },
        )
        return kept is not None

    def take_number(self, service: ServiceId, day: date) -> tuple[int, int, int]:
        """The line's next number, how many wait in it before this ticket, and where the numbers of kiosks begin.

        The line counts the ticket as waiting from here on; an undone transaction undoes that too.
        """
        row = self._count_line(service, day, numbers=1, change=1)
        return row.last_number, row.waiting - 1, row.reserved_from

    def line_numbers(self, service: ServiceId, day: date) -> LineNumbers:
        """How far the numbers of a line are given out; the line's row is there from now on."""
        row = self._count_line(service, day, numbers=0, change=0)
        return LineNumbers(last_number=row.last_number, reserved_from=row.reserved_from)

    def record_issued(self, changes: Sequence[Change]) -> None:
        """Write many new tickets of lines that exist, in their order: what `record` does, in a few statements."""
        if not changes:
            return
        made = [change.after for change in changes]
        _insert_ticket.run_many(self.connection, [codec.ticket_values(each) for each in made])
        for (day, service), count in Counter((each.day, each.service) for each in made).items():
            parameters = {"branch": self.branch.id, "for_day": day, "service": service}
            _add_waiting.run(self.connection, {**parameters, "change": count})
        self.record_events([change.event for change in changes])

    def record(self, change: Change) -> None:
        """Write a decision: the ticket, the segment it closed, the count of its lines, the event."""
        after = change.after
        values = codec.ticket_values(after)
        if change.before is None:
            _insert_ticket.run(self.connection, values)
        else:
            for name in (
                "id",
                "branch_id",
                "day",
                "label",
                "secret",
                "ticket_class",
                "language",
                "issued_at",
            ):
                del values[name]
            _update_ticket.run(self.connection, {"ticket": after.id, **values})
            self._move_between_lines(change.before, after)
        if change.segment is not None:
            self._record_segment(after, change.segment)
        self.record_event(change.event)

    def record_event(self, event: Event) -> Seq:
        """Write one fact under the next `seq`."""
        self.record_events([event])
        return self.seq

    def record_events(self, found: Sequence[Event]) -> None:
        """Write facts in their order, each under the next `seq`."""
        rows = [
            {
                "branch_id": self.branch.id,
                "seq": self.seq + place,
                "at": event.at,
                "kind": event.kind.value,
                "ticket_id": event.ticket,
                "service_id": event.service,
                "desk_id": event.desk,
                "agent_id": event.agent,
                "data": dict(event.data),
            }
            for place, event in enumerate(found, start=1)
        ]
        if len(rows) == 1:
            _insert_event.run(self.connection, rows[0])
        else:
            _insert_event.run_many(self.connection, rows)
        self.seq = Seq(self.seq + len(rows))

    def open_shift(self, shift: Shift) -> None:
        """Write a new shift; two unique indexes keep one a desk and one an agent."""
        self.connection.execute(
            sa.insert(shifts),
            {
                "branch_id": self.branch.id,
                "desk_id": shift.desk,
                "agent_id": shift.agent,
                "opened_at": shift.opened_at,
                "auto_call": shift.auto_call,
            },
        )

    def save_shift(self, shift: Shift, *, closed_at: datetime | None = None) -> None:
        """Write what changed about the open shift at a desk."""
        self.connection.execute(
            sa.update(shifts)
            .where(shifts.c.desk_id == shift.desk, shifts.c.closed_at.is_(None))
            .values(
                paused_at=shift.paused_at,
                pause_reason=shift.pause_reason.value if shift.pause_reason else None,
                auto_call=shift.auto_call,
                closed_at=closed_at,
            )
        )

    def save_handling(self, service: ServiceId, handling: Handling) -> None:
        """Write what a finished visit taught."""
        _save_handling.run(
            self.connection,
            {
                "service": service,
                "mean_seconds": handling.mean_seconds,
                "visits": handling.visits,
            },
        )

    def save_service_open(self, service: ServiceId, *, is_open: bool) -> None:
        """Write whether a service gives out tickets."""
        self.connection.execute(
            sa.update(services).where(services.c.id == service).values(is_open=is_open)
        )

    def commit(self) -> None:
        """Make it true. Called once, last."""
        assert not self.is_committed, "a unit of work commits once"
        if self.seq != self.branch.seq + 1:
            _set_seq.run(self.connection, {"branch": self.branch.id, "new_seq": self.seq})
        self.connection.commit()
        self.is_committed = True

    def _count_line(self, service: ServiceId, day: date, *, numbers: int, change: int) -> Any:
        parameters = {
            "branch": self.branch.id,
            "for_day": day,
            "service": service,
            "numbers": numbers,
            "change": change,
        }
        statement = _UPSERT_LINE[self.connection.dialect.name]
        return statement.one(self.connection, parameters)

    def _move_between_lines(self, before: Ticket, after: Ticket) -> None:
        was = before.service if before.state is TicketState.WAITING else None
        now = after.service if after.state is TicketState.WAITING else None
        if was == now:
            return
        if was is not None:
            parameters = {"branch": before.branch, "for_day": before.day, "service": was}
            _add_waiting.run(self.connection, {**parameters, "change": -1})
        if now is not None:
            # A transfer may be the first ticket of the other line today: its row may not exist yet.
            self._count_line(now, after.day, numbers=0, change=1)

    def _record_segment(self, ticket: Ticket, segment: Segment) -> None:
        _insert_segment.run(
            self.connection,
            {
                "ticket_id": ticket.id,
                "service_id": segment.service,
                "desk_id": segment.desk,
                "agent_id": segment.agent,
                "waiting_from": segment.waiting_from,
                "called_at": segment.called_at,
                "started_at": segment.started_at,
                "ended_at": segment.ended_at,
                "outcome": segment.outcome.value,
            },
        )


CommitListener = Callable[[BranchId, Seq], None]


class Store:
    """The database as the actions see it. `listeners` hear of each commit after it, in this process."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._reading = for_reading(engine)
        self._names = Names()
        self._listeners: list[CommitListener] = []

    def listen(self, listener: CommitListener) -> None:
        """Wake `listener` after every commit; a hint only, whoever missed it reads the events."""
        self._listeners.append(listener)

    @contextmanager
    def change(self, branch_id: BranchId) -> Iterator[UnitOfWork]:
        """Lock a branch and work on it. Raises UnknownBranch. Undone unless the body commits."""
        with self.engine.connect() as connection:
            begin(connection, writes=True)
            row = _lock_branch.first(connection, {"branch": branch_id})
            if row is None:
                raise UnknownBranch("there is no such branch")
            locked = codec.branch(row)
            work = UnitOfWork(connection, replace(locked, seq=Seq(locked.seq - 1)), self._names)
            yield work
        if work.is_committed and work.seq != work.branch.seq:
            for listener in self._listeners:
                listener(branch_id, work.seq)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot to read from."""
        with self._reading.connect() as connection:
            begin(connection, writes=False)
            yield connection

    @contextmanager
    def administer(self) -> Iterator[sa.Connection]:
        """A write transaction for what is not a queue (catalogue, tokens, jobs); commits at the end."""
        with self.engine.begin() as connection:
            begin(connection, writes=True)
            yield connection
