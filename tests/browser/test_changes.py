"""The screens while an operator changes the house: each shows it without being touched or loaded anew."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from server.actions.amendments import BranchChange, ServiceChange, change_branch, change_service
from server.domain.ids import Language
from tests.browser.screens import Screens
from tests.browser.town import CIVIL, Site

pytestmark = pytest.mark.browser
NAMES = {Language.ARABIC: "بلدية جديدة", Language.FRENCH: "Mairie neuve"}
WAIT_MILLISECONDS = 6000
"""About a second, with room for the neighbours of a shared machine."""
TURNS_MILLISECONDS = 20_000
ACCENT = re.compile("#123456")
UNTOUCHED = "window.untouched = true"


def test_name_colour_and_languages_reach_every_screen(site: Site, screens: Screens) -> None:
    house = site.house()
    taken = house.take()
    agent = house.seated(1)
    places = {
        screens.board(house): ".board-name :lang(fr)",
        screens.kiosk(house): ".kiosk-header :lang(fr)",
        screens.kiosk(house, "fr"): ".kiosk-header",
        screens.phone(taken["secret"]): ".phone-header",
        screens.desk(agent): ".desk-place",
    }
    for page in places:
        expect(page.locator("#view")).to_be_visible()
        page.evaluate(UNTOUCHED)
    change = BranchChange(
        names=NAMES, languages=[Language.FRENCH, Language.ARABIC], accent="#123456"
    )
    assert change_branch(hall=house.hall, branch=house.id, change=change)
    for page, place in places.items():
        expect(page.locator(place)).to_contain_text("Mairie neuve", timeout=WAIT_MILLISECONDS)
        expect(page.locator("html")).to_have_css(
            "--branch-accent", ACCENT, timeout=WAIT_MILLISECONDS
        )
        assert page.evaluate("window.untouched"), "it was not loaded anew"
    board, start, *_ = places
    assert board.locator(".board-name :lang(en)").count() == 0
    # Its turn comes: the wall shows its two languages for eight seconds each.
    expect(board.locator(".board-name :lang(fr)")).to_be_visible(timeout=TURNS_MILLISECONDS)
    assert start.locator(".start-language").count() == 2


def test_a_renamed_service_reaches_the_phone_of_who_waits_for_it(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    phone = screens.phone(house.take(CIVIL)["secret"])
    kiosk = screens.kiosk(house, "fr")
    for page in (phone, kiosk):
        expect(page.locator("#view")).to_be_visible()
    change = ServiceChange(
        names={Language.FRENCH: "Naissances"}, documents={Language.ARABIC: ["ورقة"]}, place=1
    )
    assert change_service(hall=house.hall, branch=house.id, code=CIVIL, change=change)
    for page in (phone, kiosk):
        expect(page.locator("#view")).to_contain_text("Naissances", timeout=WAIT_MILLISECONDS)
