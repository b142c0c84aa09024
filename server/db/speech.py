"""Rows of speech: who speaks which call in which room, taken by one display at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from server.db.codec import Row
from server.db.tables import speech
from server.domain.ids import BranchId, DeviceId
from server.domain.speech import GRANT, Speech

_here = (
    speech.c.branch_id == sa.bindparam("branch"),
    speech.c.room == sa.bindparam("in_room"),
    speech.c.call == sa.bindparam("of_call"),
)
_present = sa.select(speech).where(*_here).with_for_update()
_other = (
    sa.select(speech)
    .where(
        speech.c.branch_id == sa.bindparam("branch"),
        speech.c.room == sa.bindparam("in_room"),
        speech.c.call != sa.bindparam("of_call"),
        speech.c.device_id != sa.bindparam("device"),
        speech.c.until > sa.bindparam("now", type_=speech.c.until.type),
        speech.c.until <= sa.bindparam("latest", type_=speech.c.until.type),
    )
    .order_by(speech.c.until.desc())
    .limit(1)
)
_lock = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name", type_=sa.Text), 0))
)
_save = (
    sa.update(speech)
    .where(*_here)
    .values({name: sa.bindparam(name) for name in ("device_id", "begun_at", "until", "said_at")})
)
_leader = (
    sa.select(speech.c.device_id)
    .where(speech.c.branch_id == sa.bindparam("branch"), speech.c.room == sa.bindparam("in_room"))
    .order_by(speech.c.begun_at.desc(), speech.c.device_id)
    .limit(1)
)
_last = (
    sa.select(speech.c.room, sa.func.max(speech.c.begun_at).label("begun_at"))
    .where(speech.c.branch_id == sa.bindparam("branch"))
    .group_by(speech.c.room)
    .subquery()
)
_leaders = (
    sa.select(speech.c.room, speech.c.device_id)
    .join(_last, sa.and_(_last.c.room == speech.c.room, _last.c.begun_at == speech.c.begun_at))
    .where(speech.c.branch_id == sa.bindparam("branch"))
    # Of two that began in one millisecond the first of `_leader` comes last, and stays.
    .order_by(speech.c.device_id.desc())
)


def present(connection: sa.Connection, branch: BranchId, room: str, call: str) -> Speech | None:
    """The speech of a call in a room, locked until the transaction ends."""
    row = connection.execute(_present, _place(branch, room, call)).one_or_none()
    return None if row is None else _speech(row)


def lock_room(connection: sa.Connection, branch: BranchId, room: str) -> None:
    """Let nobody else decide about this room until the transaction ends; before any row of it is read."""
    # On SQLite the transaction has the whole database to itself (BEGIN IMMEDIATE).
    if connection.dialect.name == "postgresql":
        connection.execute(_lock, {"name": f"speech:{branch}:{room}"})


def other(
    connection: sa.Connection,
    branch: BranchId,
    room: str,
    call: str,
    *,
    device: DeviceId,
    now: datetime,
) -> Speech | None:
    """What another display is saying in the room at this moment, of another call."""
    place = {**_place(branch, room, call), "device": device, "now": now, "latest": now + GRANT}
    row = connection.execute(_other, place).one_or_none()
    return None if row is None else _speech(row)


def begin(connection: sa.Connection, branch: BranchId, room: str, call: str, new: Speech) -> None:
    """Write the first speech of a call, with the room locked."""
    connection.execute(
        sa.insert(speech).values(branch_id=branch, room=room, call=call, **_values(new))
    )


def save(connection: sa.Connection, branch: BranchId, room: str, call: str, value: Speech) -> None:
    """Write what a step changed."""
    connection.execute(_save, {**_place(branch, room, call), **_values(value)})


def leader(connection: sa.Connection, branch: BranchId, room: str) -> DeviceId | None:
    """Who spoke last in a room."""
    found = connection.execute(_leader, {"branch": branch, "in_room": room}).scalar_one_or_none()
    return None if found is None else DeviceId(found)


def leaders(connection: sa.Connection, branch: BranchId) -> Mapping[str, DeviceId]:
    """The same for every room in which somebody spoke."""
    rows = connection.execute(_leaders, {"branch": branch})
    return {row.room: DeviceId(row.device_id) for row in rows}


def forget(connection: sa.Connection, before: datetime) -> int:
    """Delete what began before a time; returns how many."""
    return connection.execute(sa.delete(speech).where(speech.c.begun_at < before)).rowcount


def _place(branch: BranchId, room: str, call: str) -> dict[str, object]:
    return {"branch": branch, "in_room": room, "of_call": call}


def _values(value: Speech) -> dict[str, object]:
    return {
        "device_id": value.device,
        "begun_at": value.begun_at,
        "until": value.until,
        "said_at": value.said_at,
    }


def _speech(row: Row) -> Speech:
    return Speech(
        device=DeviceId(row.device_id),
        begun_at=row.begun_at,
        until=row.until,
        said_at=row.said_at,
    )
