"""A ticket shown to the kiosk: by a scanner that types, on any keyboard layout, and by fingers on the keypad."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.i18n import LANGUAGE_NAMES, translate
from tests.browser.keys import ARABIC_LETTERS, AZERTY_DIGITS
from tests.browser.looking import fits, look
from tests.browser.screens import Screens
from tests.browser.town import CIVIL, House, Site
from tests.end_to_end.browsers import BOARD, KIOSK

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", LANGUAGE_NAMES)
PIXELS_A_MILLIMETRE = 5.65
"""The smallest panel that kiosks have: 15.6 inches, 1920 pixels high when it stands."""
FOUND = "#view.found"
TYPE = """(keys) => {
  const target = document.activeElement ?? document.body;
  for (const [key, code, shiftKey] of keys)
    target.dispatchEvent(new KeyboardEvent("keydown", {key, code, shiftKey, bubbles: true, cancelable: true}));
}"""
"""All within a millisecond or two, as a scanner types."""
CODES = {"/": "Slash", ":": "Semicolon", ".": "Period", "-": "Minus", "\n": "Enter"}


def scan(page: Page, text: str, layout: str = "latin") -> None:
    """A scanner reads `text`; it speaks QWERTY, whatever the machine is set to."""
    page.evaluate(TYPE, [_pressed(character, layout) for character in f"{text}\n"])


def _pressed(character: str, layout: str) -> list[Any]:
    code = CODES.get(character) or (
        f"Digit{character}" if character.isdecimal() else f"Key{character.upper()}"
    )
    key = "Enter" if character == "\n" else character
    if layout == "arabic" and character.isalpha():
        key = ARABIC_LETTERS.get(character.lower(), "ض")
    if layout == "azerty":
        swapped = {"a": "q", "q": "a", "w": "z", "z": "w", "m": ",", "/": "!", ":": "M", ".": ":"}
        key = AZERTY_DIGITS[int(key)] if key.isdecimal() else swapped.get(key.lower(), key)
    return [key, code, character == ":" or character.isupper()]


@pytest.mark.parametrize("layout", ["latin", "arabic", "azerty"])
@pytest.mark.parametrize(
    "spelling", ["HTTP://TOWN.EXAMPLE:8000/T/{}", "http://town.example/t/{}", "{}"]
)
def test_a_scan_is_caught_on_any_layout(
    site: Site, screens: Screens, layout: str, spelling: str
) -> None:
    house = site.house()
    mine = house.take(language="fr")
    page = screens.kiosk(house, "ar")
    secret = mine["secret"]
    text = spelling.format(secret if spelling[0] in "H{" else secret.lower())
    scan(page, text, layout)
    expect(page.locator(FOUND)).to_have_attribute("data-state", "waiting")
    expect(page.locator(f"{FOUND} h1 .ticket-number")).to_have_text(mine["label"])
    assert secret not in page.url
    assert [each.label for each in house.tickets()] == [mine["label"]], "Enter took no ticket"


def test_a_scan_on_the_start_screen_speaks_the_tickets_language(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    mine = house.take(language="fr")
    page = screens.kiosk(house)
    scan(page, f"HTTP://TOWN.EXAMPLE/T/{mine['secret']}")
    expect(page.locator(FOUND)).to_be_visible()
    look(page, "fr", scrolls=False)
    page.locator("#back").tap()
    expect(page.locator(".start-language")).to_have_count(4)


def test_a_scan_does_not_press_what_is_in_focus(site: Site, screens: Screens) -> None:
    house = site.house()
    mine = house.take()
    page = screens.kiosk(house, "fr")
    page.locator(f'button[value="{CIVIL}"]').focus()
    scan(page, mine["secret"])
    expect(page.locator(FOUND)).to_be_visible()
    assert len(house.tickets()) == 1


def test_something_else_is_answered_kindly(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house, "fr")
    scan(page, "6111234567890")
    expect(page.locator("#view.find [role=alert]")).to_contain_text(
        translate("fr", "No ticket has this code. Please look again, or ask at the reception.")
    )
    expect(page.locator("#view")).not_to_contain_text("6111234567890")


@LANGUAGES
def test_a_code_is_typed_by_touch(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    mine = house.take(language=language)
    page = screens.kiosk(house, language)
    page.locator("#to-find").tap()
    expect(page.locator("#keypad")).to_be_visible()
    for size in (BOARD, KIOSK):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        look(page, language, scrolls=False)
    _keys_are_large_and_apart(page)
    secret = mine["secret"]
    for letter in secret[:4]:
        page.locator(f'[data-key="{letter}"]').tap()
    expect(page.locator("#typed")).to_have_text(f"{secret[:4]} ____ _____")
    page.locator('[data-key="0"]').tap()
    expect(page.locator("#typed")).to_have_text("•••• 0___ _____")
    page.locator("#erase").tap()
    page.locator("#look-up").tap()  # too early: nothing happens
    page.keyboard.type(secret[4:], delay=200)
    expect(page.locator("#typed")).to_have_text(f"•••• •••• {secret[8:]}")
    page.locator("#look-up").tap()
    expect(page.locator(FOUND)).to_have_attribute("data-state", "waiting")
    look(page, language, scrolls=False)


def _keys_are_large_and_apart(page: Page) -> None:
    boxes: list[Any] = [each.bounding_box() for each in page.locator(".key").all()]
    assert len(boxes) == 34
    for each in boxes:
        assert min(each["width"], each["height"]) >= 20 * PIXELS_A_MILLIMETRE
    first, second = boxes[0], boxes[1]
    assert second["x"] - first["x"] - first["width"] >= 8 * PIXELS_A_MILLIMETRE
    assert boxes[6]["y"] - first["y"] - first["height"] >= 8 * PIXELS_A_MILLIMETRE


@LANGUAGES
def test_a_missed_ticket_goes_back_into_the_line(
    site: Site, screens: Screens, language: str
) -> None:
    house = site.house()
    mine = _missed(house)
    page = screens.kiosk(house, language)
    scan(page, mine["secret"])
    expect(page.locator(FOUND)).to_have_attribute("data-state", "missed")
    look(page, language, scrolls=False)
    page.locator("#reinstate").tap()
    expect(page.locator(FOUND)).to_have_attribute("data-state", "waiting")
    expect(page.locator("[role=status].banner:not([hidden])")).to_contain_text(
        translate(language, "You are back in the line.")
    )
    look(page, language, scrolls=False)
    assert [each.state for each in house.tickets()] == ["waiting"]


def _missed(house: House) -> dict[str, Any]:
    mine = house.take()
    agent, desk = house.agent(), house.desks[0]
    agent.sit(desk)
    for _ in range(3):
        agent.call(desk, ticket=mine["id"])
        agent.act(f"/tickets/{mine['id']}/no-shows")
    return mine


def test_a_code_without_javascript(site: Site, screens: Screens) -> None:
    house = site.house()
    mine = house.take()
    page = screens.kiosk(house, "fr", scripts=False)
    page.locator("#to-find").click()
    fits(page, scrolls=True)
    page.fill("#code", mine["secret"].lower())
    page.locator("#find-plain").click()
    expect(page.locator(FOUND)).to_have_attribute("data-state", "waiting")


def test_a_failure_leads_back_by_touch_and_by_itself(site: Site, screens: Screens) -> None:
    """The server no longer knows the form: its secret key is another one since it was set up anew."""
    house = site.house()
    page = screens.open(KIOSK, touch=True)
    page.clock.install()
    for leave in ("by touch", "by itself"):
        page.goto(f"/kiosk/{house.slug}/fr")
        page.evaluate("document.querySelector('#scan [name=csrf_token]').value = 'old'")
        scan(page, "0123456789ABC")
        expect(page.locator(".refused")).to_have_attribute("data-code", "bad_request")
        look(page, "fr", scrolls=False)
        if leave == "by touch":
            page.locator("#refused-back").tap()
        else:
            page.clock.run_for(72_000)
        expect(page.locator(".start-language")).to_have_count(4)
