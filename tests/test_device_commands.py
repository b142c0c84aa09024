"""`nouba device` as an operator types it."""

from __future__ import annotations

from server.actions import devices
from server.actions.hall import Hall
from server.actions.settings import token_digest
from server.clock import SystemChance, SystemClock
from server.db import credentials
from server.db.opening import open_store
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
