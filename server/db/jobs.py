"""The rows of work for delivery: made by the dispatcher, claimed by one sender at a time, never lost.

A job is `pending` until it is `done` or `expired`. A claim is a lease: a sender that died in the middle gives
the job back when `claimed_until` has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from server.db.codec import Row
from server.db.tables import jobs, tickets
from server.domain.ids import BranchId, Seq, TicketId


class JobKind(StrEnum):
    """What a job asks for."""

    PRINT = "print"


class JobState(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    DONE = "done"
    EXPIRED = "expired"


LAST_INK = "last_ink"
"""In `last_error` of a job whose sender is about to hand over the last of the ink, or died doing so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job as the dispatcher makes it; `event_seq` makes it unique, however often the event is met."""

    branch: BranchId
    kind: JobKind
    target: str
    ticket: TicketId
    event_seq: Seq
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job."""

    id: int
    branch: BranchId
    target: str
    ticket: TicketId
    created_at: datetime
    expires_at: datetime
    attempts: int
    last_ink_was_noted: bool
    """An earlier sender died when the ticket may have been on paper already."""


def printer_target(printer_id: int) -> str:
    """The target of a printer's jobs."""
    return f"printer:{printer_id}"


def add(connection: sa.Connection, job: NewJob) -> None:
    """Write a job, unless this event's job exists already."""
    exists = sa.select(jobs.c.id).where(
        jobs.c.branch_id == job.branch,
        jobs.c.kind == job.kind.value,
        jobs.c.event_seq == job.event_seq,
    )
    if connection.execute(exists).first() is not None:
        return
    connection.execute(
        sa.insert(jobs),
        {
            "branch_id": job.branch,
            "kind": job.kind.value,
            "target": job.target,
            "ticket_id": job.ticket,
            "state": JobState.PENDING.value,
            "created_at": job.created_at,
            "run_at": job.created_at,
            "expires_at": job.expires_at,
            "attempts": 0,
            "event_seq": job.event_seq,
        },
    )


def targets_due(connection: sa.Connection, kind: JobKind, now: datetime, limit: int) -> list[str]:
    """The targets that have a job to send now, longest waiting first."""
    statement = (
        sa.select(jobs.c.target)
        .where(*_due(kind, now))
        .group_by(jobs.c.target)
        .order_by(sa.func.min(jobs.c.run_at))
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def claim(
    connection: sa.Connection, kind: JobKind, target: str, now: datetime, lease: timedelta
) -> Job | None:
    """Take the oldest job of a target for `lease`; None when another sender is at work on the target.

    Plain FOR UPDATE, not SKIP LOCKED: jobs of one target are sent one by one and in order, so a sender that
    finds the head taken must not take the next.
    """
    statement = (
        sa.select(jobs)
        .where(
            sa.text("state = 'pending'"),
            jobs.c.kind == kind.value,
            jobs.c.target == target,
            jobs.c.expires_at > now,
        )
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(statement).one_or_none()
    if row is None or row.run_at > now or (row.claimed_until and row.claimed_until > now):
        return None
    connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == row.id)
        .values(claimed_until=now + lease, attempts=row.attempts + 1)
    )
    return _job(row, attempts=row.attempts + 1)


def renew(connection: sa.Connection, job_id: int, until: datetime) -> None:
    """A sender that waits for its printer is alive: its claim holds until then."""
    connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == JobState.PENDING.value)
        .values(claimed_until=until)
    )


def note_last_ink(connection: sa.Connection, job_id: int) -> None:
    """From here on nobody may print this job again, should its sender die."""
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(last_error=LAST_INK))


def is_claimed(connection: sa.Connection, target: str, now: datetime) -> bool:
    """Whether a sender, here or in another process, is at work on a target."""
    statement = sa.select(jobs.c.id).where(
        sa.text("state = 'pending'"), jobs.c.target == target, jobs.c.claimed_until > now
    )
    return connection.execute(statement.limit(1)).first() is not None


def hurry_target(connection: sa.Connection, target: str, now: datetime) -> None:
    """What its jobs waited for has come: they are due now."""
    connection.execute(
        sa.update(jobs)
        .where(jobs.c.target == target, jobs.c.state == JobState.PENDING.value, jobs.c.run_at > now)
        .values(run_at=now)
    )


def finish(
    connection: sa.Connection, job_id: int, state: JobState, error: str | None = None
) -> bool:
    """Record how a pending job ended; False when it had ended already."""
    result = connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == JobState.PENDING.value)
        .values(state=state.value, claimed_until=None, last_error=error)
    )
    return bool(result.rowcount)


def retry_target(connection: sa.Connection, target: str, run_at: datetime, error: str) -> None:
    """Nothing of a target is tried before `run_at`: its jobs share one cause and stay in order."""
    connection.execute(
        sa.update(jobs)
        .where(jobs.c.target == target, jobs.c.state == JobState.PENDING.value)
        .values(run_at=run_at, claimed_until=None, last_error=error)
    )


def overdue(connection: sa.Connection, now: datetime, limit: int) -> list[Job]:
    """Pending jobs past their `expires_at` that nobody is sending."""
    statement = (
        sa.select(jobs)
        .where(
            sa.text("state = 'pending'"),
            jobs.c.expires_at <= now,
            sa.or_(jobs.c.claimed_until.is_(None), jobs.c.claimed_until <= now),
        )
        # In the order of the index of pending jobs: by id, SQLite would read all that ever were.
        .order_by(jobs.c.kind, jobs.c.run_at, jobs.c.id)
        .limit(limit)
    )
    return [_job(row, attempts=row.attempts) for row in connection.execute(statement)]


def state_of(connection: sa.Connection, kind: JobKind, ticket: TicketId) -> JobState | None:
    """How the job of a ticket stands; None when there is none."""
    statement = (
        sa.select(jobs.c.state)
        .join(tickets, tickets.c.id == jobs.c.ticket_id)
        .where(jobs.c.ticket_id == ticket, jobs.c.kind == kind.value)
        .order_by(jobs.c.id.desc())
        .limit(1)
    )
    value = connection.execute(statement).scalar_one_or_none()
    return JobState(value) if value else None


def waiting_by_target(connection: sa.Connection, branch: BranchId) -> dict[str, int]:
    """How many jobs of a branch wait, by target."""
    statement = (
        sa.select(jobs.c.target, sa.func.count().label("waiting"))
        .where(sa.text("state = 'pending'"), jobs.c.branch_id == branch)
        .group_by(jobs.c.target)
    )
    return {row.target: row.waiting for row in connection.execute(statement)}


def _due(kind: JobKind, now: datetime) -> list[sa.ColumnElement[bool] | sa.TextClause]:
    return [
        # Written as the index says it, or the planner cannot use the index (SQLite: nor as a
        # literal_column, to which "= 1" is added).
        sa.text("state = 'pending'"),
        jobs.c.kind == kind.value,
        jobs.c.run_at <= now,
        jobs.c.expires_at > now,
        sa.or_(jobs.c.claimed_until.is_(None), jobs.c.claimed_until <= now),
    ]


def _job(row: Row, *, attempts: int) -> Job:
    return Job(
        id=row.id,
        branch=row.branch_id,
        target=row.target,
        ticket=row.ticket_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        attempts=attempts,
        last_ink_was_noted=row.last_error == LAST_INK,
    )
