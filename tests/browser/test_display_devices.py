"""Screens of the hall on the machines' page: set up by keyboard, asked for a picture, every state looked at."""

from __future__ import annotations

import base64
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from server.domain.roles import Role
from server.i18n import LANGUAGE_NAMES
from tests.browser.looking import look
from tests.browser.screens import DESK_LARGE, DESK_SMALL, Screens
from tests.browser.test_devices import claimed
from tests.browser.town import House, Site
from tests.end_to_end.browsers import PHONE
from tests.end_to_end.processes import Program

pytestmark = pytest.mark.browser
WELL = {"version": "1.0", "printer_state": "none", "sound": "ok", "page": "ok"}


def a_display(house: House, name: str) -> Program:
    """A screen that an administrator let in."""
    wanted = {"kind": "display", "version": "1.0"}
    shown: dict[str, Any] = Program(house.port, "").post("/api/v1/pairings", wanted).body
    admin = house.agent(role=Role.ADMIN)
    admin.act(f"/branches/{house.slug}/devices", code=shown["code"], name=name)
    return claimed(house, shown)


def report(display: Program, **changes: object) -> dict[str, Any]:
    """How the screen is now; what staff want of it."""
    reply = display.post("/api/v1/device/reports", {**WELL, **changes})
    assert reply.status == 200, reply
    state: dict[str, Any] = reply.body
    return state


def jpeg(width: int, height: int) -> str:
    """A picture of a screen, in base64."""
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "#12343b").save(kept, "JPEG")
    return base64.b64encode(kept.getvalue()).decode()


def set_up(house: House, device: int, **settings: object) -> None:
    """By an administrator's program."""
    path = f"/api/v1/branches/{house.slug}/devices/{device}/display"
    assert house.agent(role=Role.ADMIN).program.put(path, settings).status == 201


def open_devices(screens: Screens, house: House, language: str, role: Role = Role.ADMIN) -> Page:
    """The page of somebody who signed in."""
    page = screens.desk(house.agent(language, role), DESK_LARGE)
    page.goto("/devices")
    return page


def card_of(page: Page, device: int) -> Locator:
    """One screen's card."""
    return page.locator(f"#device-{device}")


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_state_of_a_screen_is_readable(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    well, deaf, frozen, text = (a_display(house, f"{number}") for number in (1, 2, 3, 4))
    told = [report(each) for each in (well, deaf, frozen, text)]
    ids = [each["display"]["device"] for each in told]
    set_up(house, ids[0], mode="side", lines=["etat-civil", "legalisation"], room="7")
    set_up(house, ids[3], desk=2, is_silent=True)
    admin = house.agent(role=Role.ADMIN)
    for each in (ids[0], ids[3]):
        admin.act(f"/branches/{house.slug}/devices/{each}/orders", order="screenshot")
    now = datetime.now(UTC).isoformat()
    sent = {"order": 1, "jpeg": jpeg(320, 180)}
    assert well.put("/api/v1/device/screenshot", sent).status == 201
    call = {"call": "A001/1/1780300800", "step": "begin"}
    assert well.post("/api/v1/device/speech", call).body["is_granted"]
    seq = house.take()["seq"]
    report(well, painted_seq=seq + 20, painted_at=now)
    report(deaf, sound="fault", painted_seq=1, painted_at=now)
    report(frozen, page="frozen", sound="off")
    report(text, page="none", sound="unknown")
    page = open_devices(screens, house, language)
    expect(page.locator(".device")).to_have_count(4)
    expect(card_of(page, ids[0])).to_have_attribute("data-state", "ok")
    for fault in (1, 2, 3):
        expect(card_of(page, ids[fault])).to_have_attribute("data-state", "fault")
    missing = page.locator("[data-picture=missing]")
    expect(missing).to_have_count(1)
    expect(card_of(page, ids[3]).locator("[data-picture=missing]")).to_be_visible()
    expect(card_of(page, ids[0]).locator("img")).to_have_js_property("naturalWidth", 320)
    for width, height in (DESK_LARGE, DESK_SMALL, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        look(page, language)
    page.goto(f"/devices/displays/{ids[0]}")
    for width, height in (DESK_LARGE, DESK_SMALL, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        look(page, language)
    page.fill("#room", "#7")
    page.locator(".display-form button[type=submit]").click()
    expect(page.locator("[data-refusal=invalid]")).to_be_visible()
    expect(page.locator("#room")).to_have_value("#7")
    look(page, language)


def test_a_screen_is_set_up_by_keyboard(site: Site, screens: Screens) -> None:
    house = site.house()
    display = a_display(house, "hall 1")
    device = report(display)["display"]["device"]
    page = open_devices(screens, house, "fr")
    link = card_of(page, device).get_by_role("link", name="Régler")
    link.focus()
    page.keyboard.press("Enter")
    page.locator("#desk").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#room").focus()
    page.keyboard.type("Grande salle")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("35")
    page.keyboard.press("Enter")
    card = card_of(page, device)
    expect(card).to_contain_text("Grande salle")
    expect(card).to_contain_text("langues côte à côte")
    expect(card).to_contain_text("doit rester muet")
    assert report(display)["display"]["settings"] == {
        "room": "Grande salle",
        "mode": "side",
        "desk": None,
        "lines": ["etat-civil"],
        "speaks": [],
        "is_silent": True,
        "volume_percent": 35,
    }


def test_what_staff_ask_reaches_the_screen_and_its_picture_them(
    site: Site, screens: Screens
) -> None:
    """A supervisor may ask, and may not set up."""
    house = site.house()
    display = a_display(house, "hall 1")
    device = report(display)["display"]["device"]
    page = open_devices(screens, house, "fr", Role.SUPERVISOR)
    card = card_of(page, device)
    expect(card.get_by_role("link", name="Régler")).to_have_count(0)
    for words, kind in {
        "Montrer lequel": "identify",
        "Le recharger": "reload",
        "Prendre une image": "screenshot",
    }.items():
        card.get_by_role("button", name=words).focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"#device-{device}$"))
        assert report(display)["display"]["orders"][kind] == 1
    expect(card.locator("img")).to_have_count(0)
    sent = {"order": 1, "jpeg": jpeg(180, 320)}
    assert display.put("/api/v1/device/screenshot", sent).status == 201
    expect(card.locator("img")).to_have_js_property("naturalHeight", 320)


def test_a_screen_that_is_behind_is_said_to_be_and_one_without_sound_is_told_at_the_desk(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    display = a_display(house, "hall 1")
    device = report(display)["display"]["device"]
    seq = house.take()["seq"]
    house.take()
    now = datetime.now(UTC)
    report(display, painted_seq=seq, painted_at=now.isoformat())
    page = open_devices(screens, house, "fr", Role.SUPERVISOR)
    desk = screens.desk(house.seated(1))
    card = card_of(page, device)
    expect(card.locator("[data-painted]")).to_have_attribute("data-painted", "present")
    with house.hall.store.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE events SET at = at - 60000 WHERE branch_id = :branch"),
            {"branch": house.id},
        )
    page.reload()
    expect(card).to_contain_text("en retard depuis")
    seq = house.take()["seq"]
    report(display, painted_seq=seq + 5, painted_at=now.isoformat(), sound="fault")
    page.reload()
    expect(card).to_contain_text("affiche l’état actuel")
    expect(card).to_have_attribute("data-state", "fault")
    expect(desk.locator(".desk-faults")).to_contain_text("appelez les numéros à voix haute")
    look(desk, "fr", scrolls=False)
    set_up(house, device, is_silent=True)
    expect(card).to_have_attribute("data-state", "ok")
    expect(desk.locator(".desk-faults")).to_have_count(0)


def test_without_scripts_a_screen_is_asked_as_well(site: Site, screens: Screens) -> None:
    house = site.house()
    display = a_display(house, "hall 1")
    device = report(display)["display"]["device"]
    page = screens.desk(house.agent("fr", Role.ADMIN), scripts=False)
    page.goto("/devices")
    card_of(page, device).get_by_role("button", name="Montrer lequel").click()
    assert report(display)["display"]["orders"]["identify"] == 1
