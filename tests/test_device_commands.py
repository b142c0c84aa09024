"""`nouba device` as an operator types it."""

from __future__ import annotations

from server.actions import devices
from server.actions.hall import Hall
from server.actions.settings import token_digest
from server.clock import SystemChance, SystemClock
from server.db import credentials, reads
from server.db import devices as rows
from server.db.opening import open_store
from server.domain.ids import DeviceId
from server.wire_devices import DeviceKind
from server.wire_displays import DisplaySettings
from tests.test_cli import Operator, operator, oujda

__all__ = ["operator"]


def test_a_kiosk_comes_in_by_its_code(operator: Operator) -> None:
    oujda(operator)
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    shown = devices.open_pairing(hall=hall, kind="kiosk", name="hall", version="1.2")
    assert "no device shows this code" in operator.is_refused("device", "accept", "000000")
    code = f"{shown.code[:3]} {shown.code[3:]}"
    told = operator.succeeds("device", "accept", code, "--name", "kiosk 2")
    assert told.startswith("kiosk kiosk 2 accepted in oujda")
    token = devices.claim_token(hall=hall, claim=shown.claim).token
    assert token is not None
    assert token not in operator.succeeds("device", "list")
    operator.succeeds("device", "rename", "kiosk 2", "entrance")
    listed = operator.succeeds("device", "list")
    assert "entrance" in listed
    assert "1.2" in listed
    assert "there are: entrance" in operator.is_refused("device", "revoke", "kiosk 2")
    operator.succeeds("device", "revoke", "entrance")
    with store.read() as connection:
        assert credentials.credential(connection, token_digest(token)) is None
    store.engine.dispose()


def test_a_device_without_a_name_is_given_one_by_an_option(operator: Operator) -> None:
    oujda(operator)
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    for name, words in ((None, "no name of its own"), ("hall", "another device has this name")):
        shown = devices.open_pairing(hall=hall, kind="display", name=name, version="1.2")
        if name is not None:
            operator.succeeds("device", "accept", shown.code)
            shown = devices.open_pairing(hall=hall, kind="display", name=name, version="1.2")
        refusal = operator.is_refused("device", "accept", shown.code)
        assert words in refusal
        assert "--name" in refusal
    store.engine.dispose()


def test_a_line_is_named_by_its_code_or_by_the_letter_on_the_wall(operator: Operator) -> None:
    oujda(operator)
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    shown = devices.open_pairing(hall=hall, kind="display", name="hall", version="1.2")
    operator.succeeds("device", "accept", shown.code)
    operator.succeeds("device", "change", "1", "--speaks", "A,taxes", "--lines", "B")
    with store.read() as connection:
        branch = reads.branch_by_slug(connection, "oujda")
        display = rows.device(connection, branch.id, DeviceId(1)).display
    store.engine.dispose()
    assert display
    assert display.settings == DisplaySettings(speaks=("civil", "taxes"), lines=("taxes",))


def test_a_display_is_set_up_and_asked(operator: Operator) -> None:
    oujda(operator)
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    kinds: dict[DeviceKind, str] = {"display": "hall 1", "kiosk": "kiosk 1"}
    for kind, name in kinds.items():
        shown = devices.open_pairing(hall=hall, kind=kind, name=None, version="1.2")
        operator.succeeds("device", "accept", shown.code, "--name", name)
    assert "nothing to change" in operator.is_refused("device", "change", "1")
    operator.succeeds("device", "change", "1", "--room", "hall", "--mode", "side", "--silent")
    listed = operator.succeeds("device", "list")
    assert "hall 1" in listed
    assert "silent" in listed
    operator.succeeds("device", "change", "1", "--voice", "--volume", "40")
    with store.read() as connection:
        branch = reads.branch_by_slug(connection, "oujda")
        display = rows.device(connection, branch.id, DeviceId(1)).display
    assert display
    assert display.settings == DisplaySettings(room="hall", mode="side", volume_percent=40)
    assert "no service" in operator.is_refused("device", "change", "1", "--lines", "nothing")
    refusal = operator.is_refused("device", "change", "1", "--speaks", "Q")
    assert "there are: civil (A), taxes (B)" in refusal
    assert "no desk" in operator.is_refused("device", "change", "1", "--desk", "99")
    assert "no display 2" in operator.is_refused("device", "change", "2", "--room", "hall")
    told = operator.succeeds("device", "order", "1", "identify")
    assert told.startswith("display hall 1 is asked to identify")
    assert "no such display" in operator.is_refused("device", "order", "2", "reload")
    with store.read() as connection:
        display = rows.device(connection, branch.id, DeviceId(1)).display
    assert display
    assert display.orders.identify == 1
    store.engine.dispose()
