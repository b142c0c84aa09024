"""Rows of paired devices and of the codes by which they come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.db import displays as display_rows
from server.db.codec import Row
from server.db.tables import devices, displays, pairings
from server.domain.devices import Device, Pairing
from server.domain.errors import Invalid, UnknownDevice
from server.domain.ids import BranchId, DeviceId
from server.wire_devices import DeviceKind, DeviceReport

DEVICES_SHOWN_MAX = 200
"""The most that a branch's list shows; a town hall has a handful."""

_whole = sa.select(devices, *display_rows.COLUMNS).join(
    displays, displays.c.device_id == devices.c.id, isouter=True
)
_by_id = _whole.where(
    devices.c.branch_id == sa.bindparam("branch"), devices.c.id == sa.bindparam("id")
)
_in_use = (
    _whole.where(
        devices.c.branch_id == sa.bindparam("branch"),
        # Written as the index says it, or the planner cannot use the index.
        sa.text("devices.revoked_at IS NULL"),
    )
    .order_by(devices.c.name)
    .limit(DEVICES_SHOWN_MAX)
)
_save = (
    sa.update(devices)
    .where(devices.c.id == sa.bindparam("device"))
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "state",
                "version",
                "printer_state",
                "paper",
                "journal",
                "waiting_to_sync",
                "clock_skew_seconds",
                "last_seen_at",
                "revoked_at",
                "painted_seq",
                "painted_at",
                "sound",
                "page",
            )
        }
    )
)
_note_seen = (
    sa.update(devices)
    .where(devices.c.id == sa.bindparam("device"), devices.c.revoked_at.is_(None))
    .values(
        last_seen_at=sa.bindparam("seen"),
        clock_skew_seconds=sa.bindparam("skew"),
        painted_seq=sa.bindparam("painted"),
        painted_at=sa.bindparam("painted_when"),
    )
)
_note_first_use = (
    sa.update(devices)
    .where(devices.c.token_id == sa.bindparam("token"), devices.c.first_used_at.is_(None))
    .values(first_used_at=sa.bindparam("used"))
)
_pairing_by_code = sa.select(pairings).where(
    pairings.c.code == sa.bindparam("code"),
    pairings.c.device_id.is_(None),
    pairings.c.expires_at > sa.bindparam("now"),
)
_pairing_by_claim = sa.select(pairings).where(pairings.c.claim_digest == sa.bindparam("digest"))
_accepted = (
    _whole.join(pairings, pairings.c.device_id == devices.c.id)
    .where(pairings.c.id == sa.bindparam("pairing"))
    .with_for_update(of=devices)
)


def device(connection: sa.Connection, branch: BranchId, device_id: DeviceId) -> Device:
    """Raises UnknownDevice, also for a device of another branch."""
    row = connection.execute(_by_id, {"branch": branch, "id": device_id}).one_or_none()
    if row is None:
        raise UnknownDevice("this branch has no such device", device=device_id)
    return _device(row)


def devices_of(connection: sa.Connection, branch: BranchId) -> tuple[Device, ...]:
    """The devices of a branch that were not revoked, by name."""
    return tuple(_device(row) for row in connection.execute(_in_use, {"branch": branch}))


def insert_device(
    connection: sa.Connection,
    *,
    branch: BranchId,
    kind: DeviceKind,
    name: str,
    version: str,
    printer: int | None,
    now: datetime,
) -> Device:
    """A device that has not spoken yet. Raises Invalid when another one in use has the name."""
    values = {
        "branch_id": branch,
        "kind": kind,
        "name": name,
        "printer_id": printer,
        "created_at": now,
        "state": "unknown",
        "version": version,
        "printer_state": "unknown",
        "paper": "unknown",
        "journal": "ok",
        "waiting_to_sync": 0,
    }
    statement = sa.insert(devices).values(**values).returning(devices.c.id)
    return device(connection, branch, _with_free_name(connection, statement).id)


def rename_device(connection: sa.Connection, device_id: DeviceId, name: str) -> None:
    """Call the device something else. Raises Invalid when another one in use has the name."""
    statement = sa.update(devices).where(devices.c.id == device_id).values(name=name)
    _with_free_name(connection, statement.returning(devices.c.id))


def save_device(connection: sa.Connection, value: Device) -> None:
    """Write what a report, a silence or a revocation changed."""
    report = value.report
    connection.execute(
        _save,
        {
            "device": value.id,
            "state": value.state,
            "version": report.version,
            "printer_state": report.printer_state,
            "paper": report.paper,
            "journal": report.journal,
            "waiting_to_sync": report.waiting_to_sync,
            "clock_skew_seconds": report.clock_skew_seconds,
            "last_seen_at": value.last_seen_at,
            "revoked_at": value.revoked_at,
            "painted_seq": report.painted_seq,
            "painted_at": report.painted_at,
            "sound": report.sound,
            "page": report.page,
        },
    )


def note_seen(connection: sa.Connection, value: Device) -> None:
    """Write what changes with every report and is no news: when it came, how its clock goes, what was painted."""
    report = value.report
    parameters = {
        "device": value.id,
        "seen": value.last_seen_at,
        "skew": report.clock_skew_seconds,
        "painted": report.painted_seq,
        "painted_when": report.painted_at,
    }
    connection.execute(_note_seen, parameters)


def note_first_use(connection: sa.Connection, token: int, now: datetime) -> None:
    """From here on no other token can be fetched for the device."""
    connection.execute(_note_first_use, {"token": token, "used": now})


def give_token(connection: sa.Connection, device_id: DeviceId, token: int) -> None:
    """The device answers to this token, and to none before it."""
    connection.execute(sa.update(devices).where(devices.c.id == device_id).values(token_id=token))


def insert_pairing(
    connection: sa.Connection,
    *,
    code: str,
    claim_digest: str,
    kind: DeviceKind,
    name: str | None,
    version: str,
    expires_at: datetime,
) -> None:
    """A code on a screen."""
    values = {"code": code, "claim_digest": claim_digest, "kind": kind, "name": name}
    statement = sa.insert(pairings).values(**values, version=version, expires_at=expires_at)
    connection.execute(statement)


def codes_shown(connection: sa.Connection, now: datetime) -> frozenset[str]:
    """The codes that are taken; those that ran out are forgotten first."""
    connection.execute(sa.delete(pairings).where(pairings.c.expires_at <= now))
    return frozenset(connection.execute(sa.select(pairings.c.code)).scalars())


def pairing_by_code(connection: sa.Connection, code: str, now: datetime) -> Pairing | None:
    """The pairing that waits for somebody to type this code."""
    return _pairing(connection.execute(_pairing_by_code, {"code": code, "now": now}).one_or_none())


def pairing_by_claim(connection: sa.Connection, digest: str) -> Pairing | None:
    """The pairing whose claim has this SHA-256, expired or not."""
    return _pairing(connection.execute(_pairing_by_claim, {"digest": digest}).one_or_none())


def accept_pairing(
    connection: sa.Connection, pairing: Pairing, device_id: DeviceId, expires_at: datetime
) -> bool:
    """Tie a pairing to its device; False when somebody else was faster."""
    statement = sa.update(pairings).where(
        pairings.c.id == pairing.id, pairings.c.device_id.is_(None)
    )
    values = statement.values(device_id=device_id, expires_at=expires_at)
    return bool(connection.execute(values).rowcount)


def accepted_device(connection: sa.Connection, pairing: Pairing) -> Device:
    """The device of an accepted pairing, locked: two claims at once take turns."""
    return _device(connection.execute(_accepted, {"pairing": pairing.id}).one())


def _with_free_name(connection: sa.Connection, statement: Any) -> Row:
    try:
        return connection.execute(statement).one()
    except IntegrityError as error:
        # The only constraint that a person's input can break here is the one on names.
        raise Invalid("another device has this name", field="name") from error


def _pairing(row: Row | None) -> Pairing | None:
    if row is None:
        return None
    return Pairing(
        id=row.id,
        kind=row.kind,
        name=row.name,
        version=row.version,
        expires_at=row.expires_at,
        device=row.device_id,
    )


def _device(row: Row) -> Device:
    return Device(
        id=row.id,
        branch=row.branch_id,
        kind=row.kind,
        name=row.name,
        token=row.token_id,
        printer=row.printer_id,
        state=row.state,
        report=DeviceReport(
            version=row.version,
            printer_state=row.printer_state,
            paper=row.paper,
            waiting_to_sync=row.waiting_to_sync,
            journal=row.journal,
            clock_skew_seconds=row.clock_skew_seconds,
            painted_seq=row.painted_seq,
            painted_at=row.painted_at,
            sound=row.sound,
            page=row.page,
        ),
        last_seen_at=row.last_seen_at,
        first_used_at=row.first_used_at,
        revoked_at=row.revoked_at,
        display=display_rows.display(row) if row.kind == "display" else None,
    )
