"""The event table as an outbox: each consumer reads on from its own cursor, in order, without a gap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.db import codec
from server.db.prepared import Prepared
from server.db.tables import branches, cursors, events
from server.domain.events import RecordedEvent
from server.domain.ids import BranchId, Seq

EVENTS_PAGE_MAX = 500
_events_after = Prepared(
    sa.select(events)
    .where(events.c.branch_id == sa.bindparam("branch"), events.c.seq > sa.bindparam("after"))
    .order_by(events.c.seq)
    .limit(sa.bindparam("most"))
)
_latest = Prepared(sa.select(branches.c.seq).where(branches.c.id == sa.bindparam("branch")))


def events_after(
    connection: sa.Connection, branch: BranchId, after: Seq, limit: int = EVENTS_PAGE_MAX
) -> list[RecordedEvent]:
    """The events of a branch with `seq` > `after`, in order."""
    parameters = {"branch": branch, "after": after, "most": min(limit, EVENTS_PAGE_MAX)}
    return [codec.event(row) for row in _events_after.all(connection, parameters)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A branch with `events` that a consumer has not met."""

    branch: BranchId
    events: int


def behind(connection: sa.Connection, consumer: str) -> list[Behind]:
    """The branches with events that `consumer` has not met."""
    met = sa.func.coalesce(cursors.c.seq, 0)
    statement = (
        sa.select(branches.c.id, (branches.c.seq - met).label("events"))
        .join(
            cursors,
            sa.and_(cursors.c.branch_id == branches.c.id, cursors.c.consumer == consumer),
            isouter=True,
        )
        .where(branches.c.seq > met)
    )
    return [
        Behind(branch=BranchId(row.id), events=row.events) for row in connection.execute(statement)
    ]


def lock_cursor(connection: sa.Connection, consumer: str, branch: BranchId) -> Seq:
    """Where the consumer stands, locked until the transaction ends: two dispatchers take turns."""
    statement = (
        sa.select(cursors.c.seq)
        .where(cursors.c.consumer == consumer, cursors.c.branch_id == branch)
        .with_for_update()
    )
    value = connection.execute(statement).scalar_one_or_none()
    if value is None:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(
            insert(cursors)
            .values(consumer=consumer, branch_id=branch, seq=0)
            .on_conflict_do_nothing()
        )
        value = connection.execute(statement).scalar_one()
    return Seq(value)


def move_cursor(connection: sa.Connection, consumer: str, branch: BranchId, seq: Seq) -> None:
    """The consumer has met everything up to `seq`; call it in the transaction of what it made of it."""
    connection.execute(
        sa.update(cursors)
        .where(cursors.c.consumer == consumer, cursors.c.branch_id == branch)
        .values(seq=seq)
    )


def latest(connection: sa.Connection, branch: BranchId) -> Seq:
    """The version of a branch."""
    return Seq(_latest.one(connection, {"branch": branch}).seq)


def times_of(
    connection: sa.Connection, branch: BranchId, seqs: Collection[int]
) -> Mapping[int, datetime]:
    """When each of these events happened; nothing of those that have not."""
    statement = sa.select(events.c.seq, events.c.at).where(
        events.c.branch_id == branch, events.c.seq.in_(seqs)
    )
    return {row.seq: row.at for row in connection.execute(statement)}


def last_event_at(connection: sa.Connection, branch: BranchId) -> datetime | None:
    """When something last happened in a branch."""
    statement = (
        sa.select(events.c.at)
        .where(events.c.branch_id == branch)
        .order_by(events.c.seq.desc())
        .limit(1)
    )
    value: datetime | None = connection.execute(statement).scalar_one_or_none()
    return value
