"""The machines' page in a browser: faults as they happen, a code accepted, a device shut out, every state looked at."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.roles import Role
from server.i18n import LANGUAGE_NAMES
from tests.browser.looking import look
from tests.browser.screens import DESK_LARGE, DESK_SMALL, Screens
from tests.browser.town import House, Site
from tests.end_to_end.browsers import PHONE
from tests.end_to_end.processes import Program

pytestmark = pytest.mark.browser
HEALTHY = {"version": "1.0", "printer_state": "ok", "paper": "ok"}
FAULT_MILLISECONDS_MAX = 5_000
"""From a kiosk's report to the eyes of staff."""


def pairing(house: House) -> dict[str, Any]:
    """A kiosk that shows a code."""
    reply = Program(house.port, "").post("/api/v1/pairings", {"kind": "kiosk", "version": "1.0"})
    assert reply.status == 201, reply
    shown: dict[str, Any] = reply.body
    return shown


def claimed(house: House, shown: dict[str, Any]) -> Program:
    """The program on the kiosk, once its code was accepted."""
    reply = Program(house.port, "").post("/api/v1/pairings/claims", {"claim": shown["claim"]})
    return Program(house.port, reply.body["token"])


def a_kiosk(house: House, name: str) -> Program:
    """A kiosk that an administrator let in."""
    shown = pairing(house)
    admin = house.agent(role=Role.ADMIN)
    admin.act(f"/branches/{house.slug}/devices", code=shown["code"], name=name)
    return claimed(house, shown)


def report(kiosk: Program, **changes: object) -> None:
    """How the kiosk is now."""
    assert kiosk.post("/api/v1/device/reports", {**HEALTHY, **changes}).status == 200


def open_devices(screens: Screens, house: House, language: str, *, role: Role = Role.ADMIN) -> Page:
    """The page of somebody who signed in."""
    page = screens.desk(house.agent(language, role), DESK_LARGE)
    page.goto("/devices")
    return page


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_state_is_readable(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    fine, faulty, full = (a_kiosk(house, f"{number}") for number in (1, 2, 3))
    report(fine, paper="near_end", waiting_to_sync=2)
    taken = faulty.post(f"/api/v1/branches/{house.slug}/tickets", {"service": "etat-civil"}).body
    lost = {"ticket": taken["id"], "state": "not_printed", "reason": "paper_end"}
    assert faulty.post("/api/v1/device/papers", lost).status == 201
    report(faulty, paper="end")
    report(full, journal="full")
    a_kiosk(house, "4")
    page = open_devices(screens, house, language)
    expect(page.locator(".device")).to_have_count(4)
    page.locator(".device-revoke summary").first.click()
    for width, height in (DESK_LARGE, DESK_SMALL, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        look(page, language)
    page.fill("#code", "12")
    page.fill("#name", "5")
    page.keyboard.press("Enter")
    expect(page.locator("[data-refusal=invalid]")).to_be_visible()
    look(page, language)


def test_a_fault_is_seen_while_it_happens(site: Site, screens: Screens) -> None:
    house = site.house()
    kiosk = a_kiosk(house, "kiosk 2")
    report(kiosk)
    page = open_devices(screens, house, "fr", role=Role.SUPERVISOR)
    agent = house.seated(1)
    desk = screens.desk(agent)
    card = page.locator(".device")
    expect(card).to_have_attribute("data-state", "ok")
    expect(desk.locator(".desk-faults")).to_have_count(0)
    began = time.monotonic()
    report(kiosk, paper="end")
    expect(card).to_contain_text("plus de papier", timeout=FAULT_MILLISECONDS_MAX)
    expect(desk.locator(".desk-faults")).to_have_text(
        re.compile(r"kiosk 2:\s+plus de papier"), timeout=FAULT_MILLISECONDS_MAX
    )
    assert (time.monotonic() - began) * 1000 < FAULT_MILLISECONDS_MAX
    look(desk, "fr", scrolls=False)
    for number in range(3, 7):
        report(a_kiosk(house, f"kiosk {number}"), printer_state="cover_open")
    expect(desk.locator(".desk-faults li")).to_have_count(3)
    for _ in range(8):
        house.take()
    agent.call(house.desks[0])
    expect(desk.locator("#in-hand")).to_be_visible()
    look(desk, "fr", scrolls=False)
    expect(card).to_have_count(5)
    card = page.locator(".device", has_text="kiosk 2")
    report(kiosk)
    expect(card).to_have_attribute("data-state", "ok")
    expect(desk.locator(".desk-faults")).not_to_contain_text("kiosk 2")


def test_a_code_is_accepted_and_a_device_shut_out(site: Site, screens: Screens) -> None:
    house = site.house()
    page = open_devices(screens, house, "fr")
    shown = pairing(house)
    page.fill("#code", shown["code"])
    page.fill("#name", "entrée")
    page.keyboard.press("Enter")
    expect(page.locator(".device")).to_contain_text("entrée")
    kiosk = claimed(house, shown)
    report(kiosk)
    expect(page.locator(".device")).to_have_attribute("data-state", "ok")
    page.locator(".device-revoke summary").click()
    page.locator(".device-revoke .button-danger").click()
    expect(page.locator(".device")).to_have_count(0)
    time.sleep(1)  # how long a token may still be believed
    assert kiosk.post("/api/v1/device/reports", HEALTHY).status == 401
    assert kiosk.post("/api/v1/device/blocks", {"day": "2026-01-01"}).status == 401


def test_without_scripts_it_works_as_well(site: Site, screens: Screens) -> None:
    house = site.house()
    shown = pairing(house)
    page = screens.desk(house.agent("fr", Role.ADMIN), scripts=False)
    page.locator('a[href="/devices"]').click()
    page.fill("#code", shown["code"])
    page.fill("#name", "borne")
    page.locator(".device-new button").click()
    expect(page.locator(".device")).to_contain_text("borne")
