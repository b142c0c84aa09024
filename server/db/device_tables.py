"""The tables of paired devices: who they are, how they came in, the numbers they lease, papers that did not come."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.columns import Id, metadata, ref, row_id, time

devices = sa.Table(
    "devices",
    metadata,
    row_id(),
    ref("branch_id", "branches"),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("token_id", Id, sa.ForeignKey("tokens.id"), unique=True),
    # Where the server prints its tickets; NULL for a device that prints by itself.
    ref("printer_id", "printers", nullable=True),
    time("created_at"),
    time("first_used_at", nullable=True),
    time("revoked_at", nullable=True),
    # What the last event told of it, and its last report (domain/devices.py).
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("printer_state", sa.String(30), nullable=False),
    sa.Column("paper", sa.String(12), nullable=False),
    sa.Column("journal", sa.String(12), nullable=False),
    sa.Column("waiting_to_sync", sa.Integer, nullable=False),
    sa.Column("clock_skew_seconds", sa.Float),
    time("last_seen_at", nullable=True),
    # Of a display: what its page has put on the glass, and how its sound and its page are.
    sa.Column("painted_seq", sa.BigInteger),
    time("painted_at", nullable=True),
    sa.Column("sound", sa.String(12), nullable=False, server_default="unknown"),
    sa.Column("page", sa.String(12), nullable=False, server_default="unknown"),
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
    row_id(),
    # Shown on the device's screen for minutes; it opens nothing by itself.
    sa.Column("code", sa.String(6), nullable=False, unique=True),
    # SHA-256 of what only the device knows.
    sa.Column("claim_digest", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    # What the device calls itself.
    sa.Column("name", sa.String(60)),
    sa.Column("version", sa.String(40), nullable=False),
    time("expires_at"),
    ref("device_id", "devices", nullable=True),
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("branch_id", Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("service_id", Id, sa.ForeignKey("services.id"), primary_key=True),
    ref("device_id", "devices"),
    sa.Column("first", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.Integer, nullable=False),
    time("leased_at"),
    # How many of them became tickets: part of what the service needs on a day.
    sa.Column("kept", sa.Integer, nullable=False),
    sa.CheckConstraint("first >= 1 AND first <= last AND last <= 999", name="numbers"),
)

# Tickets whose paper a kiosk could not print: only these, so that most tickets cost nothing here.
unprinted = sa.Table(
    "unprinted",
    metadata,
    sa.Column("ticket_id", sa.String(26), sa.ForeignKey("tickets.id"), primary_key=True),
    ref("branch_id", "branches"),
    ref("device_id", "devices"),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("reason", sa.String(30), nullable=False),
    time("at"),
    sa.Index("ix_unprinted_branch_id_day", "branch_id", "day"),
)

# Papers that kiosks gave out and the server could not take: what tells staff, and that it is told once.
refused = sa.Table(
    "refused",
    metadata,
    sa.Column("device_id", Id, sa.ForeignKey("devices.id"), primary_key=True),
    # The tap's key: the id on such a paper may be anything.
    sa.Column("key", sa.String(80), primary_key=True),
    ref("branch_id", "branches"),
    # When it was brought, which is when somebody may stand there with it.
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("label", sa.String(5)),
    time("at"),
    sa.Index("ix_refused_branch_id_day", "branch_id", "day"),
)
