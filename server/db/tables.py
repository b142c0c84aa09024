"""The tables. Constraints say what the code promises: a lost race is an error here, never a wrong row.

Times are integers, milliseconds since 1970 in UTC: one exact, ordered form on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.db.columns import Id as _Id
from server.db.columns import UtcMillis, metadata
from server.db.columns import ref as _ref
from server.db.columns import row_id as _id
from server.db.columns import time as _time
from server.db.device_tables import blocks, devices, pairings, refused, unprinted
from server.db.display_tables import displays, screenshots, speech

__all__ = [
    "UtcMillis",
    "blocks",
    "devices",
    "displays",
    "metadata",
    "pairings",
    "refused",
    "screenshots",
    "speech",
    "unprinted",
]
"""What is defined elsewhere and looked for here, by migrations for one."""

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
