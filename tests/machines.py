"""Paired devices for tests: kiosks let into a town by their code, and the tickets that they give out alone."""

from __future__ import annotations

import itertools
from datetime import date, datetime

from server.actions import devices, offline
from server.actions.hall import Caller
from server.actions.settings import token_digest
from server.clock import SystemChance, new_secret, new_ticket_id
from server.db import credentials
from server.domain.roles import Role
from server.wire_devices import (
    Block,
    DeviceKind,
    DeviceReport,
    KeptTicket,
    OfflineTicket,
    UploadAnswer,
)
from tests.builders import Town

HEALTHY = DeviceReport(version="1.0", printer_state="ok", paper="ok")
_serial = itertools.count(1)
# Not seeded: two processes of a race must not draw the same secrets.
_chance = SystemChance()


def operator(town: Town) -> Caller:
    """An administrator at the console."""
    return Caller(scope="operator", role=Role.ADMIN, branch=town.branch)


def paired(
    town: Town, name: str | None = None, *, kind: DeviceKind = "kiosk", printer: str | None = None
) -> tuple[Caller, str]:
    """A new device as the actions see it, and its token, by the whole way of a pairing."""
    shown = devices.open_pairing(hall=town.hall, kind=kind, name=None, version="1.0")
    called = name or f"{kind} {next(_serial)}"
    devices.accept_device(
        hall=town.hall,
        caller=operator(town),
        code=shown.code,
        name=called,
        printer=printer,
        key=None,
    )
    token = devices.claim_token(hall=town.hall, claim=shown.claim).token
    assert token is not None
    with town.hall.store.read() as connection:
        found = credentials.credential(connection, token_digest(token))
    assert found is not None
    caller = Caller(
        scope=f"token:{found.token_id}",
        role=found.role,
        branch=town.branch,
        printer=found.printer,
        device=found.device,
    )
    return caller, token


def a_device(town: Town, name: str | None = None) -> Caller:
    """A new kiosk as the actions see it."""
    return paired(town, name)[0]


def blocks_of(town: Town, kiosk: Caller, day: date | None = None) -> dict[str, Block]:
    """What a kiosk has leased, today unless another day is given, by service."""
    wanted = day or town.clock.now().date()
    answered = offline.lease_blocks(hall=town.hall, caller=kiosk, day=wanted, key=None)
    return {each.service: each for each in answered.value.blocks}


def blocks_in_order(town: Town, kiosk: Caller, service: str) -> list[tuple[int, int]]:
    """First and last of every block of one service that a kiosk has today."""
    day = town.clock.now().date()
    answered = offline.lease_blocks(hall=town.hall, caller=kiosk, day=day, key=None)
    return [(each.first, each.last) for each in answered.value.blocks if each.service == service]


def offline_ticket(
    block: Block, offset: int = 0, *, at: datetime, key: str | None = None, **changes: str
) -> OfflineTicket:
    """The ticket with the number `first + offset` of a block."""
    serial = next(_serial)
    values = {"ticket_class": "ordinary", "language": "ar", **changes}
    return OfflineTicket(
        key=key or f"tap-{serial}",
        id=values.get("id", new_ticket_id(at, serial, _chance)),
        service=block.service,
        day=block.day,
        number=block.first + offset,
        secret=values.get("secret", new_secret(_chance)),
        ticket_class=values["ticket_class"],
        language=values["language"],
        issued_at=at,
    )


def upload(
    town: Town, kiosk: Caller, *found: OfflineTicket, key: str | None = None
) -> UploadAnswer:
    """What the server says to a batch."""
    return offline.keep_tickets(hall=town.hall, caller=kiosk, tickets=found, key=key).value


def outcomes(results: tuple[KeptTicket, ...]) -> list[tuple[str, str | None]]:
    """Outcome and code of each."""
    return [(each.outcome, each.code) for each in results]
