"""The desk's page says in words what ails a printer, for every state there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.actions import settings
from server.db import admin
from server.delivery.channels import Fault
from tests.builders import Town
from tests.web.builders import open_site, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize("state", [*(fault.value for fault in Fault), "paper_near_end", "ok"])
def test_every_state_has_words(town: Town, tmp_path: Path, state: str) -> None:
    printer = settings.create_printer(
        hall=town.hall, branch=town.branch, name="Entrance", address="tcp://x", width_dots=576
    )
    with town.hall.store.administer() as connection:
        admin.save_printer_state(connection, printer, state)
    page = signed_in(open_site(town, tmp_path), desk=0).get("/desk").text
    assert ("desk-faults" in page) == (state != "ok")
    assert ("banner-attention" in page) == (state not in ("ok", "paper_near_end"))
    told_by_code = {"error"}
    assert (f"({state})" in page) == (state in told_by_code)
