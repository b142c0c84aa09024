"""What a display is set up to, what staff ask of it, and which of its troubles are faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.domain import devices, displays
from server.domain.devices import Device
from server.domain.displays import Display, checked, room_of
from server.domain.errors import Invalid
from server.domain.ids import BranchId, DeviceId
from server.wire_devices import DeviceReport
from server.wire_displays import DisplayOrders, DisplaySettings
from tests.builders import MORNING

FINE = DeviceReport(version="1.0", printer_state="none", sound="ok", page="ok")
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100


def a_display(report: DeviceReport = FINE, **settings: Any) -> Device:
    """A screen of the hall."""
    return Device(
        id=DeviceId(7),
        branch=BranchId(1),
        kind="display",
        name="hall 1",
        token=1,
        state="ok",
        report=report,
        last_seen_at=MORNING,
        display=Display(settings=DisplaySettings(**settings)),
    )


def test_good_settings_are_kept_as_they_are_meant() -> None:
    given = DisplaySettings(
        room="  Hall ", mode="side", desk=3, lines=("b", "a", "b"), speaks=("a",), volume_percent=0
    )
    kept = checked(given, services={"a", "b"}, desks={3})
    assert kept == replace(given, room="Hall", lines=("b", "a"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"room": "x" * 41}, "room"),
        ({"room": "#7"}, "room"),
        ({"room": "a\x00b"}, "room"),
        ({"room": "a\u200bb"}, "room"),
        ({"mode": "upside"}, "mode"),
        ({"desk": 4}, "desk"),
        ({"lines": ("a", "nothing")}, "lines"),
        ({"speaks": ("nothing",)}, "speaks"),
        ({"lines": tuple(f"s{each}" for each in range(25))}, "lines"),
        ({"volume_percent": 101}, "volume_percent"),
        ({"volume_percent": -1}, "volume_percent"),
    ],
)
def test_bad_settings_are_refused_by_the_fields_name(changes: dict[str, Any], field: str) -> None:
    many = {f"s{each}" for each in range(25)}
    with pytest.raises(Invalid) as refused:
        checked(DisplaySettings(**changes), services={"a", "b"} | many, desks={3})
    assert refused.value.details["field"] == field


def test_two_displays_without_a_room_are_not_in_one() -> None:
    alone = DisplaySettings()
    assert room_of(DeviceId(1), alone) != room_of(DeviceId(2), alone)
    hall = DisplaySettings(room="hall")
    assert room_of(DeviceId(1), hall) == room_of(DeviceId(2), hall)


def test_an_order_counts_one_up() -> None:
    orders, event = displays.ordered(DeviceId(7), DisplayOrders(reload=3), "reload", MORNING)
    assert orders == DisplayOrders(reload=4)
    assert event.data == {"device": 7, "order": "reload", "count": 4}


@pytest.mark.parametrize(
    ("changes", "settings", "fault"),
    [
        ({}, {}, None),
        ({"sound": "off"}, {}, None),
        ({"sound": "unknown", "page": "unknown"}, {}, None),
        ({"page": "none"}, {}, "no_page"),
        ({"page": "none", "sound": "fault"}, {}, "no_page"),
        ({"sound": "fault"}, {}, "no_sound"),
        ({"sound": "fault"}, {"is_silent": True}, None),
        ({"page": "frozen"}, {}, "page_frozen"),
        ({"page": "frozen", "sound": "fault"}, {}, "page_frozen"),
        ({"sound": "fault", "clock_skew_seconds": 90.0}, {}, "no_sound"),
    ],
)
def test_the_first_thing_to_mend(
    changes: dict[str, Any], settings: dict[str, Any], fault: str | None
) -> None:
    after, _ = devices.reported(a_display(**settings), replace(FINE, **changes), MORNING)
    assert after.fault == fault
    assert (after.state == "fault") is (fault is not None)


def test_what_is_painted_is_no_news_and_lost_sound_is() -> None:
    painted = replace(FINE, painted_seq=12, painted_at=MORNING)
    after, event = devices.reported(a_display(), painted, MORNING)
    assert event is None
    assert after.report.painted_seq == 12
    _, event = devices.reported(after, replace(painted, sound="fault"), MORNING)
    assert event is not None
    assert (event.data["fault"], event.data["sound"]) == ("no_sound", "fault")


@pytest.mark.parametrize(
    ("jpeg", "order", "field"),
    [
        (b"GIF89a", 1, "jpeg"),
        (JPEG + b"x" * displays.SCREENSHOT_BYTES_MAX, 1, "jpeg"),
        (JPEG, 0, "order"),
        (JPEG, 3, "order"),
    ],
)
def test_a_picture_that_nobody_asked_for_is_refused(jpeg: bytes, order: int, field: str) -> None:
    orders = DisplayOrders(screenshot=2)
    displays.check_screenshot(JPEG, 2, orders)
    with pytest.raises(Invalid) as refused:
        displays.check_screenshot(jpeg, order, orders)
    assert refused.value.details["field"] == field
