"""Screens on the machines' page: who may do what, what the forms refuse, which pictures are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.actions import devices, displays
from server.domain.ids import DeviceId
from server.domain.roles import Role
from server.wire_devices import DeviceReport
from server.wire_displays import PageState
from tests.builders import Town
from tests.machines import operator, paired
from tests.web.builders import nothing_written, open_site, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
JPEG = b"\xff\xd8\xff\xe0 a picture"
FORM = {"key": "1", "mode": "side", "room": "hall", "voice": "1", "volume": "30", "desk": ""}


def a_display(town: Town) -> DeviceId:
    """A screen of the hall."""
    return paired(town, "hall 1", kind="display")[0].require_device()


def test_strangers_and_agents_stay_out(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    device = a_display(town)
    agent, supervisor = signed_in(site), signed_in(site, role=Role.SUPERVISOR)
    paths = (f"/devices/displays/{device}", f"/devices/screenshots/{device}")
    with nothing_written(town):
        for path in paths:
            assert site.app.test_client().get(path).status_code == 302
            assert agent.get(path).status_code == 403
        asked = {"key": "1", "reload": str(device)}
        assert agent.post("/devices/orders", data=asked).status_code == 403
        assert supervisor.get(paths[0]).status_code == 403
        assert supervisor.post(paths[0], data=FORM).status_code == 403


def test_an_administrator_sets_a_screen_up(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    path = f"/devices/displays/{a_display(town)}"
    admin = signed_in(site, role=Role.ADMIN)
    assert 'value="80"' in admin.get(path).text
    assert admin.post(path, data={**FORM, "lines": ["a", "b"]}).status_code == 303
    page = admin.get(path).text
    assert 'value="hall"' in page
    assert page.count("checked") == 4, "the mode, two lines and the voice"
    assert "hall" in admin.get("/devices").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"room": "#1"}, "ne commence pas par #"),
        ({"room": "x" * 41}, "au plus"),
        ({"volume": "101"}, "de 0 à 100"),
        ({"volume": "loud"}, "de 0 à 100"),
        ({"volume": ""}, "de 0 à 100"),
        ({"lines": "nothing"}, "Ce service n’existe plus"),
        ({"desk": "99"}, "Ce guichet n’existe plus"),
    ],
)
def test_a_wrong_field_is_said_and_what_was_typed_stays(
    town: Town, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    site = open_site(town, tmp_path)
    path = f"/devices/displays/{a_display(town)}"
    admin = signed_in(site, role=Role.ADMIN)
    with nothing_written(town):
        answer = admin.post(path, data={**FORM, "key": "1", **changes})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="side" checked' in answer.text


@pytest.mark.parametrize(
    "changes", [{"desk": "x"}, {"desk": "9" * 30}, {"desk": "١"}, {"key": ""}, {"room": "\0"}]
)
def test_nonsense_is_no_crash(town: Town, tmp_path: Path, changes: dict[str, str]) -> None:
    site = open_site(town, tmp_path)
    path = f"/devices/displays/{a_display(town)}"
    admin = signed_in(site, role=Role.ADMIN)
    with nothing_written(town):
        assert admin.post(path, data={**FORM, **changes}).status_code == 422


def test_kiosks_and_screens_that_are_not_there(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk = paired(town)[0].require_device()
    admin = signed_in(site, role=Role.ADMIN)
    with nothing_written(town):
        assert admin.get(f"/devices/displays/{'9' * 40}").status_code == 404
        for device in (str(kiosk), "999", "9" * 18):
            assert admin.get(f"/devices/displays/{device}").status_code == 404
            assert admin.post(f"/devices/displays/{device}", data=FORM).status_code == 404
            assert admin.get(f"/devices/screenshots/{device}").status_code == 404
        asked = {"key": "1", "reload": str(kiosk)}
        assert admin.post("/devices/orders", data=asked).status_code == 404


def test_a_supervisor_asks_and_sees_the_picture(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, _ = paired(town, "hall 1", kind="display")
    device = display.require_device()
    supervisor = signed_in(site, role=Role.SUPERVISOR)
    for key in ("1", "1", "2"):
        asked = {"key": key, "screenshot": str(device)}
        assert supervisor.post("/devices/orders", data=asked).status_code == 303
    displays.keep_screenshot(hall=town.hall, caller=display, order=2, jpeg=JPEG, key=None)
    assert f"/devices/screenshots/{device}?at=" in supervisor.get("/devices").text
    found = supervisor.get(f"/devices/screenshots/{device}")
    assert (found.content_type, found.data) == ("image/jpeg", JPEG)


def test_a_picture_that_does_not_come_is_told(town: Town, tmp_path: Path) -> None:
    """Found: asked of a display without a page, there was nothing, and nothing said so."""
    site = open_site(town, tmp_path)
    display, _ = paired(town, "hall 1", kind="display")
    device = display.require_device()
    supervisor = signed_in(site, role=Role.SUPERVISOR)
    words = "l’image demandée n’est pas encore arrivée"
    assert words not in supervisor.get("/devices").text
    for order in (1, 2):
        asked = {"key": str(order), "screenshot": str(device)}
        assert supervisor.post("/devices/orders", data=asked).status_code == 303
        assert words in supervisor.get("/devices").text
        displays.keep_screenshot(hall=town.hall, caller=display, order=order, jpeg=JPEG, key=None)
        assert words not in supervisor.get("/devices").text


def test_a_display_without_a_page_is_at_fault(town: Town, tmp_path: Path) -> None:
    """Found: green, "works", on a wall whose browser died at every start."""
    site = open_site(town, tmp_path)
    display, _ = paired(town, "hall 1", kind="display")
    supervisor = signed_in(site, role=Role.SUPERVISOR)
    told: tuple[tuple[PageState, str], ...] = (("unknown", "ok"), ("none", "fault"), ("ok", "ok"))
    for page, state in told:
        report = DeviceReport(version="1.0", printer_state="none", sound="ok", page=page)
        devices.report_device(hall=town.hall, caller=display, report=report)
        text = supervisor.get("/devices").text
        assert f'data-state="{state}"' in text
        assert ("n’affiche pas de page : appelez" in text) is (page == "none")


def test_another_branchs_screens_are_out_of_reach(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, _ = paired(town, "hall 1", kind="display")
    device = display.require_device()
    displays.order_display(
        hall=town.hall, caller=operator(town), device_id=device, order="screenshot", key=None
    )
    displays.keep_screenshot(hall=town.hall, caller=display, order=1, jpeg=JPEG, key=None)
    admin = signed_in(site, role=Role.ADMIN)
    with town.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO branches SELECT 99, 'other', names, languages,"
            " zone, hours, priority_head_start_seconds, accent, open_kiosk, 0"
            " FROM branches"
        )
        connection.exec_driver_sql("UPDATE devices SET branch_id = 99")
    for path in (f"/devices/displays/{device}", f"/devices/screenshots/{device}"):
        assert admin.get(path).status_code == 404
