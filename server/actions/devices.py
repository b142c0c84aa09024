"""Paired devices: the code they show, the token they fetch, what they report, how they are shut out."""

from __future__ import annotations

from datetime import datetime

from server.actions.hall import Answered, Caller, Hall, Step, perform, request_key
from server.actions.settings import token_digest
from server.clock import Chance, new_token
from server.db import admin, reads
from server.db import devices as rows
from server.db.device_views import device_card
from server.db.unit_of_work import UnitOfWork
from server.domain import devices
from server.domain.devices import Device, Pairing
from server.domain.errors import (
    Invalid,
    NotAllowed,
    PairingExpired,
    TooManyPairings,
    UnknownPairing,
)
from server.domain.events import EventKind
from server.domain.ids import BranchId, DeviceId
from server.domain.roles import Right
from server.wire_devices import (
    ClaimAnswer,
    DeviceCard,
    DeviceKind,
    DeviceReport,
    PairingAnswer,
)

_CODE_BITS = 20
_CODES = 10**devices.CODE_DIGITS


def open_pairing(*, hall: Hall, kind: DeviceKind, name: str | None, version: str) -> PairingAnswer:
    """A code for the device's screen and a claim that only the device knows. Raises TooManyPairings, Invalid."""
    called = devices.read_name(name) if name is not None else None
    claim = new_token(hall.chance)
    with hall.store.administer() as connection:
        now = hall.clock.now()
        shown = rows.codes_shown(connection, now)
        if len(shown) >= devices.PAIRINGS_OPEN_MAX:
            raise TooManyPairings("too many devices are being paired; try again in a while")
        code = _new_code(hall.chance, shown)
        expires_at = now + devices.PAIRING_LIVES
        rows.insert_pairing(
            connection,
            code=code,
            claim_digest=token_digest(claim),
            kind=kind,
            name=called,
            version=version,
            expires_at=expires_at,
        )
    return PairingAnswer(code=code, claim=claim, expires_at=expires_at)


def _new_code(chance: Chance, shown: frozenset[str]) -> str:
    while True:
        number = chance.bits(_CODE_BITS)
        code = f"{number:0{devices.CODE_DIGITS}d}"
        # Drawn again instead of folded: every code equally likely.
        if number < _CODES and code not in shown:
            return code


def claim_token(*, hall: Hall, claim: str) -> ClaimAnswer:
    """The device's own token, once its code was accepted; nobody else ever sees it.

    Asked again, because the reply was lost, it is a fresh token and the one before opens nothing any more: until
    the device has used one. Raises PairingExpired, also for a claim that never was.
    """
    over = PairingExpired("this pairing is over: ask for a new code")
    with hall.store.administer() as connection:
        now = hall.clock.now()
        pairing = rows.pairing_by_claim(connection, token_digest(claim))
        if pairing is None or pairing.expires_at <= now:
            raise over
        if pairing.device is None:
            return ClaimAnswer(state="waiting")
        device = rows.accepted_device(connection, pairing)
        if device.first_used_at is not None or device.revoked_at is not None:
            raise over
        if device.token is not None:
            admin.revoke_token(connection, device.token, now)
        token = new_token(hall.chance)
        token_id = admin.insert_token(
            connection,
            branch=device.branch,
            role=devices.ROLES[device.kind],
            label=device.name,
            digest=token_digest(token),
            agent=None,
            printer=device.printer,
            now=now,
        )
        rows.give_token(connection, device.id, token_id)
        slug = reads.branch(connection, device.branch).slug
    return ClaimAnswer(
        state="accepted", token=token, branch=slug, device=device.id, name=device.name
    )


def accept_device(
    *, hall: Hall, caller: Caller, code: str, name: str | None, printer: str | None, key: str | None
) -> Answered[DeviceCard]:
    """Let the device that shows `code` into the caller's branch, under `name` or else what it calls itself.

    With `printer`, a name, the server prints its tickets there; without, it prints by itself.
    Raises NotAllowed, UnknownPairing, Invalid, KeyReused.
    """
    caller.require(Right.ADMINISTER)
    digits = devices.read_code(code)

    def step(work: UnitOfWork, now: datetime) -> Step[DeviceCard]:
        pairing = rows.pairing_by_code(work.connection, digits, now)
        if pairing is None:
            raise UnknownPairing("no device shows this code now; a code lives for ten minutes")
        device = rows.insert_device(
            work.connection,
            branch=work.branch.id,
            kind=pairing.kind,
            name=devices.read_name(name) if name is not None else _own_name(pairing),
            version=pairing.version,
            printer=_printer(work, printer),
            now=now,
        )
        until = now + devices.PAIRING_LIVES
        if not rows.accept_pairing(work.connection, pairing, device.id, until):
            raise UnknownPairing("this code was accepted a moment ago, in another branch")
        kind = EventKind.DEVICE_PAIRED
        work.record_event(devices.event_of(kind, device.id, now, type=pairing.kind))
        return Step(answer=device_card(device))

    request = request_key(caller.scope, key, "accept_device", digits, name, printer)
    return perform(hall, caller.branch, request, DeviceCard, step)


def _own_name(pairing: Pairing) -> str:
    if pairing.name is None:
        raise Invalid("this device has no name of its own: give it one", field="name")
    return pairing.name


def _printer(work: UnitOfWork, name: str | None) -> int | None:
    if name is None:
        return None
    found = {each.name: each.id for each in reads.printers_of(work.connection, work.branch.id)}
    if name not in found:
        raise Invalid("this branch has no such printer", field="printer")
    return found[name]


def revoke_device(
    *, hall: Hall, caller: Caller, device_id: DeviceId, key: str | None
) -> Answered[DeviceCard]:
    """Shut a device out for good; the numbers that it has leased are given to nobody else that day.

    Raises NotAllowed, UnknownDevice, KeyReused.
    """
    caller.require(Right.ADMINISTER)

    def step(work: UnitOfWork, now: datetime) -> Step[DeviceCard]:
        present = rows.device(work.connection, work.branch.id, device_id)
        if present.revoked_at is not None:
            return Step(answer=device_card(present), is_change=False)
        after, event = devices.revoked(present, now)
        rows.save_device(work.connection, after)
        if present.token is not None:
            admin.revoke_token(work.connection, present.token, now)
        work.record_event(event)
        return Step(answer=device_card(after))

    request = request_key(caller.scope, key, "revoke_device", device_id)
    return perform(hall, caller.branch, request, DeviceCard, step)


def rename_device(*, hall: Hall, branch: BranchId, device_id: DeviceId, name: str) -> None:
    """Call a device something else. Raises Invalid, UnknownDevice."""
    called = devices.read_name(name)
    with hall.store.change(branch) as work:
        now = hall.clock.now()
        rows.device(work.connection, branch, device_id)
        rows.rename_device(work.connection, device_id, called)
        work.record_event(devices.event_of(EventKind.DEVICE_RENAMED, device_id, now))
        work.commit()


def report_device(*, hall: Hall, caller: Caller, report: DeviceReport) -> None:
    """Note how a device is: an event when staff would see a difference, else only that it was seen.

    Raises NotAllowed for anybody but a device in use.
    """
    device_id = caller.require_device()
    with hall.store.administer() as connection:
        present = rows.device(connection, caller.branch, device_id)
        require_in_use(present)
        after, event = devices.reported(present, report, hall.clock.now())
        rows.note_seen(connection, after)
    if event is None:
        return
    with hall.store.change(caller.branch) as work:
        now = hall.clock.now()
        # Read again under the lock: the sweep or a revocation may have been faster.
        present = rows.device(work.connection, caller.branch, device_id)
        require_in_use(present)
        after, event = devices.reported(present, report, now)
        rows.save_device(work.connection, after)
        if event is not None:
            work.record_event(event)
            work.commit()


def require_device(work: UnitOfWork, caller: Caller) -> Device:
    """The device that asks, still in use. Raises NotAllowed."""
    found = rows.device(work.connection, work.branch.id, caller.require_device())
    require_in_use(found)
    return found


def require_in_use(device: Device) -> None:
    """Raises NotAllowed for a device that was revoked."""
    if device.revoked_at is not None:
        raise NotAllowed("this device was revoked", device=device.id)


def note_silent(*, hall: Hall, branch: BranchId) -> int:
    """Record the devices that have not reported for `devices.SILENT`; returns how many were news."""
    with hall.store.read() as connection:
        now = hall.clock.now()
        found = rows.devices_of(connection, branch)
    if not any(devices.silent(each, now) for each in found):
        return 0
    with hall.store.change(branch) as work:
        now = hall.clock.now()
        # Asked again under the lock: it may have spoken, or another process was faster.
        news = [devices.silent(each, now) for each in rows.devices_of(work.connection, branch)]
        told = [each for each in news if each is not None]
        for after, event in told:
            rows.save_device(work.connection, after)
            work.record_event(event)
        if told:
            work.commit()
    return len(told)


def note_first_use(*, hall: Hall, token: int) -> None:
    """A device spoke with its token: no other can be fetched by its claim from now on."""
    with hall.store.administer() as connection:
        rows.note_first_use(connection, token, hall.clock.now())
