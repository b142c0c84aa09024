"""The desk's page says in words what ails a printer, for every state there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.actions import devices, settings
from server.db import admin
from server.delivery.channels import Fault
from server.domain.devices import fault_of
from tests.builders import Town
from tests.machines import HEALTHY, a_device
from tests.web.builders import open_site, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
FAULTS = [*(fault.value for fault in Fault), "journal_full", "journal_broken", "clock_wrong"]


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


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_device_has_words(town: Town, tmp_path: Path, fault: str) -> None:
    """A kiosk and the server's printers call one fault by one name."""
    reports: dict[str, dict[str, Any]] = {
        "journal_full": {"journal": "full"},
        "journal_broken": {"journal": "broken"},
        "clock_wrong": {"clock_skew_seconds": 3600.0},
        "paper_end": {"paper": "end"},
    }
    report = replace(HEALTHY, **reports.get(fault, {"printer_state": fault}))
    assert fault_of(report) == fault
    devices.report_device(hall=town.hall, caller=a_device(town), report=report)
    page = signed_in(open_site(town, tmp_path), desk=0).get("/desk").text
    assert "desk-faults" in page
    assert (f"({fault})" in page) == (fault == "error"), "what the printer itself does not explain"
