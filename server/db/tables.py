"""The tables. Constraints say what the code promises: a lost race is an error here, never a wrong row.

Times are integers, milliseconds since 1970 in UTC: one exact, ordered form on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class UtcMillis(sa.types.TypeDecorator[datetime]):
    """An aware datetime in Python, milliseconds since 1970 in the database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "a time without a zone never reaches the database"
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MILLISECOND


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives an id by itself only to a column of exactly the type INTEGER.
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _Id, sa.ForeignKey(f"{target}.id"), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcMillis, nullable=nullable)


branches = sa.Table(
    "branches",
    metadata,
    _id(),
    sa.Column("slug", sa.String(40), nullable=False, unique=True),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    sa.Column("hours", sa.JSON, nullable=False),
    sa.Column("priority_head_start_seconds", sa.Integer, nullable=False),
    sa.Column("accent", sa.String(7), nullable=False),
    sa.Column("open_kiosk", sa.Boolean, nullable=False),
    # The version of the branch: locked and counted up by every change (DESIGN section 3).
    sa.Column("seq", sa.BigInteger, nullable=False),
)

# Beside the branch, not in it: every request reads the branch, and a logo is thousands of bytes.
paper_layouts = sa.Table(
    "paper_layouts",
    metadata,
    sa.Column("branch_id", _Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("layout", sa.JSON, nullable=False),
)

services = sa.Table(
    "services",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("letter", sa.String(1), nullable=False),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("documents", sa.JSON, nullable=False),
    sa.Column("icon", sa.String(40), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("expected_seconds", sa.Integer, nullable=False),
    # What the desks have taught (domain/estimate.py, Handling).
    sa.Column("mean_seconds", sa.Float, nullable=False),
    sa.Column("visits", sa.Float, nullable=False),
    sa.UniqueConstraint("branch_id", "code"),
    sa.UniqueConstraint("branch_id", "letter"),
)

desks = sa.Table(
    "desks",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.UniqueConstraint("branch_id", "number"),
)

desk_lines = sa.Table(
    "desk_lines",
    metadata,
    sa.Column("desk_id", _Id, sa.ForeignKey("desks.id"), primary_key=True),
    sa.Column("service_id", _Id, sa.ForeignKey("services.id"), primary_key=True),
    sa.Column("lag_seconds", sa.Integer, nullable=False),
)

agents = sa.Table(
    "agents",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("login", sa.String(60), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("language", sa.String(3), nullable=False),
    # NULL for the agent of a token: it cannot sign in with a password.
    sa.Column("password_hash", sa.String(200)),
    sa.Column("is_active", sa.Boolean, nullable=False),
)

printers = sa.Table(
    "printers",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
    sa.Column("width_dots", sa.Integer, nullable=False),
    sa.Column("state", sa.String(30), nullable=False),
    sa.UniqueConstraint("branch_id", "name"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("label", sa.String(120), nullable=False),
    # SHA-256 of the token: a copy of the database opens no door.
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    _ref("agent_id", "agents", nullable=True),
    _ref("printer_id", "printers", nullable=True),
    _time("created_at"),
    _time("revoked_at", nullable=True),
)

devices = sa.Table(
    "devices",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("token_id", _Id, sa.ForeignKey("tokens.id"), unique=True),
    # Where the server prints its tickets; NULL for a device that prints by itself.
    _ref("printer_id", "printers", nullable=True),
    _time("created_at"),
    _time("first_used_at", nullable=True),
    _time("revoked_at", nullable=True),
    # What the last event told of it, and its last report (domain/devices.py).
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("printer_state", sa.String(30), nullable=False),
    sa.Column("paper", sa.String(12), nullable=False),
    sa.Column("journal", sa.String(12), nullable=False),
    sa.Column("waiting_to_sync", sa.Integer, nullable=False),
    sa.Column("clock_skew_seconds", sa.Float),
    _time("last_seen_at", nullable=True),
)
_IN_USE = sa.text("revoked_at IS NULL")
sa.Index(
    "ux_devices_name",
    devices.c.branch_id,
    devices.c.name,
    unique=True,
    sqlite_where=_IN_USE,
    postgresql_where=_IN_USE,
)

pairings = sa.Table(
    "pairings",
    metadata,
    _id(),
    # Shown on the device's screen for minutes; it opens nothing by itself.
    sa.Column("code", sa.String(6), nullable=False, unique=True),
    # SHA-256 of what only the device knows.
    sa.Column("claim_digest", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    # What the device calls itself.
    sa.Column("name", sa.String(60)),
    sa.Column("version", sa.String(40), nullable=False),
    _time("expires_at"),
    _ref("device_id", "devices", nullable=True),
)

shifts = sa.Table(
    "shifts",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    _ref("desk_id", "desks"),
    _ref("agent_id", "agents"),
    _time("opened_at"),
    _time("closed_at", nullable=True),
    _time("paused_at", nullable=True),
    sa.Column("pause_reason", sa.String(20)),
    sa.Column("auto_call", sa.Boolean, nullable=False),
)
_OPEN = sa.text("closed_at IS NULL")
sa.Index(
    "ux_shifts_open_desk", shifts.c.desk_id, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
)
sa.Index(
    "ux_shifts_open_agent",
    shifts.c.agent_id,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

lines = sa.Table(
    "lines",
    metadata,
    sa.Column("branch_id", _Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("service_id", _Id, sa.ForeignKey("services.id"), primary_key=True),
    sa.Column("last_number", sa.Integer, nullable=False),
    # Kept in the same transaction as the tickets, so that no screen has to count them.
    sa.Column("waiting", sa.Integer, nullable=False),
    # The numbers from here to 999 are leased to kiosks (blocks): online ones stop before.
    sa.Column("reserved_from", sa.Integer, nullable=False, server_default="1000"),
    sa.CheckConstraint("waiting >= 0", name="waiting"),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    _ref("branch_id", "branches"),
    sa.Column("day", sa.Date, nullable=False),
    _ref("service_id", "services"),
    sa.Column("label", sa.String(8), nullable=False),
    sa.Column("secret", sa.String(20), nullable=False, unique=True),
    sa.Column("ticket_class", sa.String(20), nullable=False),
    sa.Column("language", sa.String(3), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    _time("issued_at"),
    _time("rank_at"),
    _time("not_before", nullable=True),
    _time("segment_from"),
    _ref("desk_id", "desks", nullable=True),
    _ref("agent_id", "agents", nullable=True),
    _time("called_at", nullable=True),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("no_shows", sa.Integer, nullable=False),
    _time("started_at", nullable=True),
    _time("ended_at", nullable=True),
    sa.UniqueConstraint("branch_id", "day", "label"),
)
_AT_DESK = sa.text("state IN ('called', 'serving')")
_WAITING = sa.text("state = 'waiting'")
_ASIDE = sa.text("state IN ('parked', 'missed')")
_ON_BOARD = sa.text("called_at IS NOT NULL")
_UNFINISHED = sa.text("state IN ('waiting', 'called', 'serving', 'parked')")
sa.Index(
    "ux_tickets_at_desk",
    tickets.c.desk_id,
    unique=True,
    sqlite_where=_AT_DESK,
    postgresql_where=_AT_DESK,
)
sa.Index(
    "ix_tickets_order",
    tickets.c.service_id,
    tickets.c.day,
    tickets.c.rank_at,
    tickets.c.id,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
sa.Index(
    "ix_tickets_aside",
    tickets.c.branch_id,
    tickets.c.day,
    sqlite_where=_ASIDE,
    postgresql_where=_ASIDE,
)
sa.Index(
    "ix_tickets_on_board",
    tickets.c.branch_id,
    tickets.c.day,
    tickets.c.called_at,
    sqlite_where=_ON_BOARD,
    postgresql_where=_ON_BOARD,
)
sa.Index(
    "ix_tickets_unfinished",
    tickets.c.branch_id,
    tickets.c.day,
    sqlite_where=_UNFINISHED,
    postgresql_where=_UNFINISHED,
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("branch_id", _Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("service_id", _Id, sa.ForeignKey("services.id"), primary_key=True),
    sa.Column("device_id", _Id, sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
    _time("leased_at"),
    # How many of them became tickets: part of what the service needs on a day.
    sa.Column("kept", sa.Integer, nullable=False),
    sa.UniqueConstraint("branch_id", "day", "service_id", "first"),
    sa.CheckConstraint("first >= 1 AND first <= last AND last <= 999", name="numbers"),
)

# Tickets whose paper a kiosk could not print: only these, so that most tickets cost nothing here.
unprinted = sa.Table(
    "unprinted",
    metadata,
    sa.Column("ticket_id", sa.String(26), sa.ForeignKey("tickets.id"), primary_key=True),
    _ref("branch_id", "branches"),
    _ref("device_id", "devices"),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("reason", sa.String(30), nullable=False),
    _time("at"),
    sa.Index("ix_unprinted_branch_id_day", "branch_id", "day"),
)

segments = sa.Table(
    "segments",
    metadata,
    _id(),
    sa.Column("ticket_id", sa.String(26), sa.ForeignKey("tickets.id"), nullable=False, index=True),
    _ref("service_id", "services"),
    _ref("desk_id", "desks", nullable=True),
    _ref("agent_id", "agents", nullable=True),
    _time("waiting_from"),
    _time("called_at", nullable=True),
    _time("started_at", nullable=True),
    _time("ended_at"),
    sa.Column("outcome", sa.String(30), nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("branch_id", _Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    _time("at"),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("ticket_id", sa.String(26)),
    sa.Column("service_id", _Id),
    sa.Column("desk_id", _Id),
    sa.Column("agent_id", _Id),
    sa.Column("data", sa.JSON, nullable=False),
)

requests = sa.Table(
    "requests",
    metadata,
    # Who asked: two devices may use the same key without meeting each other's answer.
    sa.Column("scope", sa.String(60), primary_key=True),
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    _time("at"),
    sa.Index("ix_requests_at", "at"),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("consumer", sa.String(20), primary_key=True),
    sa.Column("branch_id", _Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    _id(),
    _ref("branch_id", "branches"),
    sa.Column("kind", sa.String(20), nullable=False),
    # The printer, gateway or address the job goes to: jobs of one target are sent in order.
    sa.Column("target", sa.String(60), nullable=False),
    sa.Column("ticket_id", sa.String(26)),
    sa.Column("state", sa.String(12), nullable=False),
    _time("created_at"),
    _time("run_at"),
    _time("expires_at"),
    _time("claimed_until", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_error", sa.String(60)),
    # The dispatcher may meet an event twice (a crash between two steps); the job exists once.
    sa.Column("event_seq", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("branch_id", "kind", "event_seq"),
)
_PENDING = sa.text("state = 'pending'")
sa.Index(
    "ix_jobs_pending", jobs.c.kind, jobs.c.run_at, sqlite_where=_PENDING, postgresql_where=_PENDING
)
sa.Index("ix_jobs_ticket", jobs.c.ticket_id)
