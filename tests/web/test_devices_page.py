"""The machines' page: who may open it, what it shows, what its forms do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.actions import devices
from server.domain.roles import Role
from tests.builders import MORNING, Town
from tests.machines import HEALTHY, a_device, blocks_of, offline_ticket, paired, upload
from tests.web.builders import nothing_written, open_site, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def text(client: FlaskClient, path: str = "/devices") -> str:
    """A page that must be there."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_strangers_and_agents_stay_out(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    stranger = site.app.test_client()
    assert stranger.get("/devices").status_code == 302
    assert stranger.get("/devices?fragment=1").status_code == 401
    agent = signed_in(site)
    device = a_device(town).require_device()
    with nothing_written(town):
        assert agent.get("/devices").status_code == 403
        for path in ("/devices/acceptances", "/devices/revocations"):
            form = {"key": "1", "code": "123456", "device": str(device)}
            assert agent.post(path, data=form).status_code == 403


def test_a_supervisor_sees_and_changes_nothing(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk, _ = paired(town, "kiosk 2")
    supervisor = signed_in(site, role=Role.SUPERVISOR)
    page = text(supervisor)
    assert "kiosk 2" in page
    assert "/devices/revocations" not in page
    assert 'name="code"' not in page
    with nothing_written(town):
        form = {"key": "1", "device": str(kiosk.require_device())}
        assert supervisor.post("/devices/revocations", data=form).status_code == 403


def test_an_administrator_lets_in_and_shuts_out(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    admin = signed_in(site, role=Role.ADMIN)
    shown = devices.open_pairing(hall=town.hall, kind="kiosk", name=None, version="1.0")
    wrong = admin.post("/devices/acceptances", data={"key": "1", "code": "12", "name": "entrée"})
    assert wrong.status_code == 422
    assert "Un code a six chiffres." in wrong.text
    assert 'value="entrée"' in wrong.text, "what was typed is not lost"
    form = {"key": "2", "code": shown.code, "name": "entrée"}
    assert admin.post("/devices/acceptances", data=form).status_code == 303
    assert admin.post("/devices/acceptances", data=form).status_code == 303, "a second press"
    page = text(admin)
    assert page.count('id="device-') == 1
    assert "accepté, pas encore vu" in page
    revocation = {"key": "3", "device": "1"}
    assert admin.post("/devices/revocations", data=revocation).status_code == 303
    assert 'id="device-' not in text(admin)
    unknown = admin.post("/devices/revocations", data={"key": "4", "device": "99"})
    assert unknown.status_code == 404


def test_papers_that_are_in_no_line_are_shown(town: Town, tmp_path: Path) -> None:
    """On the devices' page, with what is lost by shutting the kiosk out; and at the desks."""
    site = open_site(town, tmp_path)
    kiosk, other = a_device(town, "hall"), a_device(town, "door")
    upload(town, kiosk, offline_ticket(blocks_of(town, other)["a"], at=MORNING))
    admin = signed_in(site, role=Role.ADMIN)
    assert "ticket y attend encore" not in text(admin)
    told = replace(HEALTHY, waiting_to_sync=1)
    devices.report_device(hall=town.hall, caller=kiosk, report=told)
    page = text(admin)
    for words in ("papiers qui ne sont dans aucune file", "A900", "ticket y attend encore"):
        assert page.count(words) == 1, words
    desk = signed_in(site, desk=0).get("/desk").text
    assert "papiers qui ne sont dans aucune file" in desk
    assert "A900" in desk


def test_the_home_page_leads_there_whoever_may_open_it(town: Town, tmp_path: Path) -> None:
    """Found: nothing led an administrator to the page on which a device is let in."""
    site = open_site(town, tmp_path)
    link = 'href="/devices"'
    assert link not in text(site.app.test_client(), "/")
    assert link not in text(signed_in(site), "/")
    for role in (Role.SUPERVISOR, Role.ADMIN):
        assert link in text(signed_in(site, role=role), "/")


def test_another_branchs_devices_are_out_of_reach(town: Town, tmp_path: Path) -> None:
    """A device is found within the administrator's own branch only."""
    site = open_site(town, tmp_path)
    admin = signed_in(site, role=Role.ADMIN)
    with town.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO branches SELECT 99, 'other', names, languages,"
            " zone, hours, priority_head_start_seconds, accent, open_kiosk, 0"
            " FROM branches"
        )
    other, _ = paired(town, "kiosk 2")
    with town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE devices SET branch_id = 99")
    form = {"key": "1", "device": str(other.require_device())}
    assert admin.post("/devices/revocations", data=form).status_code == 404
    assert "kiosk 2" not in text(admin)


def test_the_fragment_has_its_seq_and_no_token(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk, _ = paired(town, "kiosk 2")
    devices.report_device(hall=town.hall, caller=kiosk, report=HEALTHY)
    admin = signed_in(site, role=Role.ADMIN)
    answer = admin.get("/devices?fragment=1")
    assert answer.headers["X-Nouba-Seq"]
    assert "csrf_token" not in answer.text
    again = admin.get("/devices?fragment=1", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
