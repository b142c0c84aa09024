"""The tables of displays: what each shows and says, its picture, and who spoke which call in which room."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.columns import Id, metadata, ref, time

# A display that nobody has set up yet, or asked for anything, has no row.
displays = sa.Table(
    "displays",
    metadata,
    sa.Column("device_id", Id, sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("settings", sa.JSON, nullable=False),
    # How often staff have asked for each.
    sa.Column("reloads", sa.Integer, nullable=False),
    sa.Column("identifies", sa.Integer, nullable=False),
    sa.Column("screenshots", sa.Integer, nullable=False),
)

# Beside the display, not in it: whoever reads the list of devices does not read their pictures.
screenshots = sa.Table(
    "screenshots",
    metadata,
    sa.Column("device_id", Id, sa.ForeignKey("devices.id"), primary_key=True),
    # Which of the orders it answers.
    sa.Column("order", sa.Integer, nullable=False),
    time("at"),
    sa.Column("jpeg", sa.LargeBinary, nullable=False),
)

# One call in one room: the key is what makes it spoken once (domain/speech.py).
speech = sa.Table(
    "speech",
    metadata,
    sa.Column("branch_id", Id, sa.ForeignKey("branches.id"), primary_key=True),
    sa.Column("room", sa.String(60), primary_key=True),
    sa.Column("call", sa.String(40), primary_key=True),
    ref("device_id", "devices"),
    time("begun_at"),
    time("until"),
    time("said_at", nullable=True),
    sa.Index("ix_speech_branch_id_room_begun_at", "branch_id", "room", "begun_at"),
)
