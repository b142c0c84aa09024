"""What a device's report says in one word, when it is news, and when a device is lost."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain import devices
from server.domain.devices import Device
from server.domain.errors import Invalid
from server.domain.events import EventKind
from server.domain.ids import BranchId, DeviceId
from server.wire_devices import DeviceReport
from tests.builders import MORNING

FINE = DeviceReport(version="1.0", printer_state="ok", paper="ok")


def a_kiosk(**changes: Any) -> Device:
    """A kiosk that reported a moment ago that all is well."""
    device = Device(
        id=DeviceId(7),
        branch=BranchId(1),
        kind="kiosk",
        name="kiosk 2",
        token=1,
        state="ok",
        report=FINE,
        last_seen_at=MORNING,
    )
    return replace(device, **changes)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"printer_state": "none"}, None),
        ({"paper": "near_end"}, None),
        ({"clock_skew_seconds": 59.0}, None),
        ({"printer_state": "cover_open"}, "cover_open"),
        ({"paper": "end"}, "paper_end"),
        ({"printer_state": "cutter", "paper": "end"}, "cutter"),
        ({"journal": "full", "printer_state": "cutter"}, "journal_full"),
        ({"journal": "broken", "paper": "end"}, "journal_broken"),
        ({"clock_skew_seconds": -61.0}, "clock_wrong"),
        ({"printer_state": "unknown"}, None),
    ],
)
def test_the_first_thing_to_mend(changes: dict[str, Any], fault: str | None) -> None:
    report = replace(FINE, **changes)
    assert devices.fault_of(report) == fault
    assert (devices.state_of("kiosk", report) == "fault") is (fault is not None)


def test_a_silent_printer_is_unknown_and_a_screen_has_none() -> None:
    report = replace(FINE, printer_state="unknown")
    assert devices.state_of("kiosk", report) == "unknown"
    assert devices.state_of("display", report) == "ok"


def test_the_same_report_again_is_no_news() -> None:
    later = MORNING + timedelta(seconds=10)
    after, event = devices.reported(a_kiosk(), replace(FINE, clock_skew_seconds=0.5), later)
    assert event is None
    assert after.last_seen_at == later


@pytest.mark.parametrize(
    "changes",
    [{"paper": "near_end"}, {"waiting_to_sync": 3}, {"version": "1.1"}, {"journal": "full"}],
)
def test_what_staff_would_see_is_news(changes: dict[str, Any]) -> None:
    _, event = devices.reported(a_kiosk(), replace(FINE, **changes), MORNING)
    assert event is not None
    assert event.kind is EventKind.DEVICE_CHANGED
    assert event.data["device"] == 7


def test_a_fault_is_told_with_its_event() -> None:
    _, event = devices.reported(a_kiosk(), replace(FINE, paper="end"), MORNING)
    assert event is not None
    assert (event.data["state"], event.data["fault"]) == ("fault", "paper_end")
    assert "kiosk 2" not in event.data.values()


def test_silence_is_told_once_and_its_end_too() -> None:
    device = a_kiosk()
    assert devices.silent(device, MORNING + devices.SILENT - timedelta(seconds=1)) is None
    lost = devices.silent(device, MORNING + devices.SILENT)
    assert lost is not None
    after, event = lost
    assert (after.state, event.data["state"]) == ("not_seen", "not_seen")
    assert devices.silent(after, MORNING + timedelta(hours=1)) is None
    _, back = devices.reported(after, FINE, MORNING + timedelta(hours=1))
    assert back is not None
    assert back.data["state"] == "ok"


def test_who_was_never_seen_or_is_revoked_is_not_lost() -> None:
    night = MORNING + timedelta(hours=12)
    assert devices.silent(a_kiosk(last_seen_at=None, state="unknown"), night) is None
    assert devices.silent(devices.revoked(a_kiosk(), MORNING)[0], night) is None


@pytest.mark.parametrize("text", ["402817", " 402 817 ", "402-817", "٤٠٢٨١٧"])
def test_a_code_is_read_as_people_type_it(text: str) -> None:
    assert devices.read_code(text) == "402817"


@pytest.mark.parametrize("text", ["", "40281", "4028171", "40281a", "²02817"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        devices.read_code(text)


@pytest.mark.parametrize(
    "text", ["hall, left", "Entrée", "شباك الاستقبال", "ⵜⴰⵣⵇⵇⴰ 2", "#1", " hall "]
)
def test_a_name_is_any_short_text(text: str) -> None:
    assert devices.read_name(text) == text.strip()


def test_what_turns_breaks_or_hides_text_is_in_no_name() -> None:
    """Every such character that this Python knows; a letter, a mark or a sign is none."""
    for number in range(sys.maxunicode + 1):
        is_unseen = unicodedata.category(chr(number)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        is_refused = re.fullmatch(devices.UNSEEN, chr(number)) is not None
        is_letter = unicodedata.category(chr(number))[0] in "LMNPS"
        assert is_refused or not is_unseen, hex(number)
        assert not (is_refused and is_letter), hex(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 61,
        "a\x00b",
        "two\nlines",
        "a\u202egnp.exe",
        "\u2066hall",
        "\ufeffx",
        "hall\t",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        devices.read_name(text)
