"""Pairing, revoking, reporting: what each leaves behind, and who is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.actions import devices
from server.actions.settings import token_digest
from server.db import credentials, device_views, outbox, reads
from server.db.credentials import Credential
from server.domain.devices import PAIRING_LIVES, PAIRINGS_OPEN_MAX, SILENT
from server.domain.errors import (
    Invalid,
    NotAllowed,
    PairingExpired,
    TooManyPairings,
    UnknownDevice,
    UnknownPairing,
)
from server.domain.events import EventKind, RecordedEvent
from server.domain.ids import DeviceId, Seq
from server.domain.roles import Role
from server.wire_devices import DeviceCard, PairingAnswer
from tests.builders import Town
from tests.machines import HEALTHY, a_device, operator, paired


def open_pairing(town: Town, name: str | None = None) -> PairingAnswer:
    """A kiosk that shows a code."""
    return devices.open_pairing(hall=town.hall, kind="kiosk", name=name, version="1.0")


def accept(
    town: Town, code: str, name: str | None = "kiosk 1", key: str | None = None
) -> DeviceCard:
    """By an administrator."""
    return devices.accept_device(
        hall=town.hall, caller=operator(town), code=code, name=name, printer=None, key=key
    ).value


def opens(town: Town, token: str | None) -> Credential | None:
    """Whom a token speaks for now."""
    assert token is not None
    with town.hall.store.read() as connection:
        return credentials.credential(connection, token_digest(token))


def cards(town: Town) -> dict[str, DeviceCard]:
    """What the page shows, by name."""
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        view = device_views.devices(connection, branch, town.clock.now())
    return {each.name: each for each in view.devices}


def events(town: Town, kind: EventKind) -> list[RecordedEvent]:
    """All of a kind."""
    with town.hall.store.read() as connection:
        found = outbox.events_after(connection, town.branch, Seq(0))
    return [each for each in found if each.event.kind is kind]


def test_a_code_is_typed_and_a_token_fetched(town: Town) -> None:
    shown = open_pairing(town)
    assert len(shown.code) == 6
    assert shown.code.isdecimal()
    assert devices.claim_token(hall=town.hall, claim=shown.claim).state == "waiting"
    card = accept(town, f"{shown.code[:3]} {shown.code[3:]}")
    claimed = devices.claim_token(hall=town.hall, claim=shown.claim)
    assert (claimed.state, claimed.branch, claimed.name) == ("accepted", town.slug, "kiosk 1")
    found = opens(town, claimed.token)
    assert found is not None
    assert (found.role, found.device, claimed.device) == (Role.KIOSK, card.id, card.id)
    (event,) = events(town, EventKind.DEVICE_PAIRED)
    assert event.event.data == {"device": card.id, "type": "kiosk"}


def test_the_database_holds_neither_claim_nor_token(town: Town) -> None:
    shown = open_pairing(town)
    accept(town, shown.code)
    token = devices.claim_token(hall=town.hall, claim=shown.claim).token
    with town.engine.connect() as connection:
        rows = [
            str(value)
            for table in ("pairings", "tokens", "devices", "events", "requests")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
            for value in row
        ]
    assert not [value for value in rows if shown.claim in value or str(token) in value]


def test_a_lost_reply_is_a_fresh_token_until_one_was_used(town: Town) -> None:
    shown = open_pairing(town)
    accept(town, shown.code)
    first = devices.claim_token(hall=town.hall, claim=shown.claim).token
    second = devices.claim_token(hall=town.hall, claim=shown.claim).token
    assert first != second
    assert opens(town, first) is None
    found = opens(town, second)
    assert found is not None
    assert found.is_first_use
    devices.note_first_use(hall=town.hall, token=found.token_id)
    with pytest.raises(PairingExpired):
        devices.claim_token(hall=town.hall, claim=shown.claim)
    assert opens(town, second) is not None


def test_a_code_runs_out_and_so_does_the_time_to_fetch(town: Town) -> None:
    late, accepted = open_pairing(town), open_pairing(town)
    town.clock.advance(PAIRING_LIVES - timedelta(seconds=1))
    accept(town, accepted.code)
    town.clock.advance(timedelta(seconds=1))
    with pytest.raises(UnknownPairing):
        accept(town, late.code, "kiosk 2")
    with pytest.raises(PairingExpired):
        devices.claim_token(hall=town.hall, claim=late.claim)
    assert devices.claim_token(hall=town.hall, claim=accepted.claim).state == "accepted"
    town.clock.advance(PAIRING_LIVES)
    with pytest.raises(PairingExpired):
        devices.claim_token(hall=town.hall, claim=accepted.claim)


def test_an_unknown_claim_is_as_over_as_any_other(town: Town) -> None:
    with pytest.raises(PairingExpired):
        devices.claim_token(hall=town.hall, claim="nouba_nothing")


def test_a_code_is_accepted_once_and_a_replay_is_no_second(town: Town) -> None:
    shown = open_pairing(town)
    first = accept(town, shown.code, key="1")
    assert accept(town, shown.code, key="1") == first
    with pytest.raises(UnknownPairing):
        accept(town, shown.code, "another")
    assert list(cards(town)) == ["kiosk 1"]


def test_two_devices_never_share_a_name_until_one_is_revoked(town: Town) -> None:
    first = accept(town, open_pairing(town).code)
    second = open_pairing(town)
    with pytest.raises(Invalid):
        accept(town, second.code)
    devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=DeviceId(first.id), key=None
    )
    assert accept(town, second.code).id != first.id


def test_a_device_may_bring_its_own_name(town: Town) -> None:
    assert accept(town, open_pairing(town, "hall-kiosk").code, None).name == "hall-kiosk"
    with pytest.raises(Invalid):
        accept(town, open_pairing(town).code, None)


def test_only_an_administrator_accepts_and_revokes(town: Town) -> None:
    shown = open_pairing(town)
    kiosk = a_device(town)
    for caller in (*town.agents, kiosk):
        with pytest.raises(NotAllowed):
            devices.accept_device(
                hall=town.hall, caller=caller, code=shown.code, name="x", printer=None, key=None
            )
        with pytest.raises(NotAllowed):
            devices.revoke_device(
                hall=town.hall, caller=caller, device_id=kiosk.require_device(), key=None
            )


def test_the_codes_shown_at_one_time_are_bounded(town: Town) -> None:
    for _ in range(PAIRINGS_OPEN_MAX):
        open_pairing(town)
    with pytest.raises(TooManyPairings):
        open_pairing(town)
    town.clock.advance(PAIRING_LIVES)
    open_pairing(town)


def test_a_revoked_device_is_out(town: Town) -> None:
    kiosk, token = paired(town, "kiosk 1")
    device = kiosk.require_device()
    answered = devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=device, key=None
    )
    assert (answered.value.state, answered.is_new) == ("revoked", True)
    assert opens(town, token) is None
    assert cards(town) == {}
    with pytest.raises(NotAllowed):
        devices.report_device(hall=town.hall, caller=kiosk, report=HEALTHY)
    again = devices.revoke_device(hall=town.hall, caller=operator(town), device_id=device, key=None)
    assert not again.is_new
    assert len(events(town, EventKind.DEVICE_REVOKED)) == 1
    with pytest.raises(UnknownDevice):
        devices.revoke_device(
            hall=town.hall, caller=operator(town), device_id=DeviceId(999), key=None
        )


def test_a_report_is_an_event_when_staff_would_see_a_difference(town: Town) -> None:
    kiosk, _ = paired(town, "kiosk 1")
    for report in (
        HEALTHY,
        HEALTHY,
        replace(HEALTHY, clock_skew_seconds=0.2),
        replace(HEALTHY, paper="end"),
        replace(HEALTHY, paper="end"),
        HEALTHY,
    ):
        town.clock.advance(timedelta(seconds=5))
        devices.report_device(hall=town.hall, caller=kiosk, report=report)
    told = [each.event.data for each in events(town, EventKind.DEVICE_CHANGED)]
    assert [each["state"] for each in told] == ["ok", "fault", "ok"]
    assert told[1]["fault"] == "paper_end"
    card = cards(town)["kiosk 1"]
    assert card.last_seen_at == town.clock.now()
    assert (card.state, card.paper, card.version) == ("ok", "ok", "1.0")


def test_a_silent_device_is_told_once(town: Town) -> None:
    kiosk, _ = paired(town, "kiosk 1")
    devices.report_device(hall=town.hall, caller=kiosk, report=HEALTHY)
    assert devices.note_silent(hall=town.hall, branch=town.branch) == 0
    town.clock.advance(SILENT)
    assert devices.note_silent(hall=town.hall, branch=town.branch) == 1
    assert devices.note_silent(hall=town.hall, branch=town.branch) == 0
    assert cards(town)["kiosk 1"].state == "not_seen"
    devices.report_device(hall=town.hall, caller=kiosk, report=HEALTHY)
    assert cards(town)["kiosk 1"].state == "ok"


def test_a_device_is_renamed(town: Town) -> None:
    kiosk, _ = paired(town, "kiosk 1")
    device = kiosk.require_device()
    devices.rename_device(hall=town.hall, branch=town.branch, device_id=device, name="entrance")
    assert list(cards(town)) == ["entrance"]
    paired(town, "kiosk 1")
    with pytest.raises(Invalid):
        devices.rename_device(hall=town.hall, branch=town.branch, device_id=device, name="kiosk 1")
