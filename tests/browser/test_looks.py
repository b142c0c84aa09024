"""Every page in every state and language at its real size: axe, direction, no sideways scroll, nothing untranslated."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.i18n import LANGUAGE_NAMES
from tests.browser.looking import box, fits, keep_language, look
from tests.browser.screens import DESK_LARGE, DESK_SMALL, Screens, state
from tests.browser.town import CLOSED, LEGAL, Agent, House, Site, open_service
from tests.end_to_end.browsers import BOARD, KIOSK, PHONE

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", LANGUAGE_NAMES)
KIOSK_WIDE = (1920, 1080)
TARGET_PIXELS_MIN = 160
"""About 20 mm on the screens that kiosks have (DESIGN section 9)."""


def test_kiosk_start(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house)
    for size in (KIOSK, KIOSK_WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        look(page, "ar", scrolls=False)
        _targets(page, ".start-language", 4)


@LANGUAGES
def test_kiosk_services_ticket_and_refusal(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    house.take(LEGAL)
    page = screens.kiosk(house, language)
    expect(page.locator(f"#tile-{CLOSED} button")).to_be_disabled()
    look(page, language, scrolls=False)
    _targets(page, ".tile", 6)
    page.set_viewport_size({"width": KIOSK_WIDE[0], "height": KIOSK_WIDE[1]})
    look(page, language, scrolls=False)
    _targets(page, ".tile", 6)
    page.set_viewport_size({"width": KIOSK[0], "height": KIOSK[1]})
    page.locator(f'button[value="{LEGAL}"]').tap()
    expect(page.locator(".issued .ticket-number")).to_have_text("B002")
    look(page, language, scrolls=False)
    _refused(page, house, language)


def _refused(page: Page, house: House, language: str) -> None:
    """The service closes between the look and the tap, and the push that says so is lost."""
    page.route_web_socket("**/socket.io/**", lambda _socket: None)
    page.goto(f"/kiosk/{house.slug}/{language}")
    open_service(house, LEGAL, is_open=False)
    page.locator(f'button[value="{LEGAL}"]').tap()
    expect(page.locator(".refused")).to_have_attribute("data-code", "service_closed")
    look(page, language, scrolls=False)
    page.locator("#refused-back").tap()
    expect(page.locator(f"#tile-{LEGAL} button")).to_be_disabled()


def test_kiosk_sign_in(site: Site, screens: Screens) -> None:
    house = site.house(open_kiosk=False)
    page = screens.kiosk(house)
    look(page, "ar")
    page.fill("#token", "nonsense")
    page.keyboard.press("Enter")
    expect(page.locator(".banner")).to_be_visible()
    look(page, "ar")
    page.goto(f"/kiosk/{house.slug}#token={house.kiosk_token}")
    expect(page.locator(".start-language")).to_have_count(4)
    assert page.url.endswith(f"/kiosk/{house.slug}"), "the token is gone from the address"


@pytest.mark.parametrize("mode", ["rotate", "side"])
def test_board(site: Site, screens: Screens, mode: str) -> None:
    house = site.house()
    page = screens.board(house, mode=mode)
    _board_in_each_language(page, mode)
    _some_calls(house)
    expect(page.locator("[data-call]")).to_have_count(3)
    _board_in_each_language(page, mode)


def _some_calls(house: House) -> None:
    for service in ("etat-civil", LEGAL, LEGAL, LEGAL):
        house.take(service)
    for number in (1, 2, 3):
        house.seated(number).call(house.desks[number - 1])


def _board_in_each_language(page: Page, mode: str) -> None:
    for language in LANGUAGE_NAMES if mode == "rotate" else ("ar",):
        keep_language(page, language)
        look(page, "ar", scrolls=False, wrote=language)
    if mode == "side":
        words = page.locator(".lines-title .words > span")
        assert all(each.is_visible() for each in words.all()), "four languages at once"
        return
    assert page.locator(".lines-title .words > span:visible").count() == 1


@LANGUAGES
def test_desk(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    agent = house.agent(language)
    page = screens.desk(agent)
    expect(page.locator(".desk-choice")).to_have_count(4)
    look(page, language)
    page.locator(".desk-choice").first.click()
    expect(page.locator("#free-nobody")).to_be_visible()
    _desk_look(page, language)
    for _ in range(12):
        house.take(language=language)
    house.take(LEGAL, **{"class": "priority"})
    expect(page.locator("#free-next")).to_be_visible()
    expect(page.locator("#list-waiting .row")).to_have_count(13)
    _desk_look(page, language)
    _with_a_ticket(page, house, agent)
    _desk_look(page, language)
    page.keyboard.press("s")
    expect(page.locator("#in-hand")).to_have_attribute("data-state", "serving")
    _desk_look(page, language)
    page.keyboard.press("f")
    expect(page.locator("#free-next")).to_be_visible()
    page.keyboard.press("h")
    page.keyboard.press("2")
    expect(page.locator("#free-paused")).to_be_visible()
    _desk_look(page, language)


def _with_a_ticket(page: Page, house: House, agent: Agent) -> None:
    """Some set aside and one missed, so that every list has something; then one is called."""
    desk = house.desks[0]
    for verb in ("parkings", "parkings", "no-shows", "no-shows"):
        agent.act(f"/tickets/{agent.call(desk)['id']}/{verb}")
    label = agent.call(desk)["label"]
    expect(page.locator("#in-hand .ticket-number")).to_have_text(label)
    expect(page.locator("#list-parked .ticket-number")).to_have_count(2)
    page.keyboard.press("r")
    expect(page.locator("[data-refusal=recall_too_soon]")).to_be_visible()


def _desk_look(page: Page, language: str) -> None:
    for width, height in (DESK_LARGE, DESK_SMALL):
        page.set_viewport_size({"width": width, "height": height})
        fits(page, scrolls=False)
        for part in (".hand", ".lines", ".lists"):
            found = box(page, part)
            assert found["y"] + found["height"] <= height, f"{part} is cut off"
    look(page, language, scrolls=False)


@LANGUAGES
def test_phone(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    house.take()
    mine = house.take(language=language)
    page = screens.phone(mine["secret"], language)
    _phone_look(page, "waiting", language)
    page.locator("#cancel summary").tap()
    look(page, language)
    agent, desk = house.agent(), house.desks[0]
    agent.sit(desk)
    agent.call(desk, ticket=mine["id"])
    _phone_look(page, "called", language)
    agent.act(f"/tickets/{mine['id']}/starts")
    _phone_look(page, "serving", language)
    agent.act(f"/tickets/{mine['id']}/parkings")
    _phone_look(page, "parked", language)
    agent.act(f"/tickets/{mine['id']}/finishes")
    _phone_look(page, "done", language)


@LANGUAGES
def test_phone_cancelled_and_missed(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    mine, other = house.take(language=language), house.take(language=language)
    page = screens.phone(mine["secret"], language)
    house.kiosk.post(f"/api/v1/tickets/{mine['secret']}/cancellation", {})
    _phone_look(page, "cancelled", language)
    agent, desk = house.agent(), house.desks[0]
    agent.sit(desk)
    for _ in range(3):
        agent.call(desk, ticket=other["id"])
        agent.act(f"/tickets/{other['id']}/no-shows")
    page.goto(f"/t/{other['secret']}?lang={language}")
    _phone_look(page, "missed", language)


def _phone_look(page: Page, wanted: str, language: str) -> None:
    state(page, wanted)
    look(page, language)
    answer = box(page, "#answer")
    assert answer["y"] + answer["height"] <= PHONE[1], "the answer is above the fold"


@LANGUAGES
def test_sign_in_index_and_error(site: Site, screens: Screens, language: str) -> None:
    site.house()
    page = screens.open(DESK_SMALL, locale=_locale(language))
    page.goto(f"/sign-in?lang={language}")
    look(page, language, scrolls=False)
    page.fill("#login", "nobody")
    page.fill("#password", "nothing at all")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    look(page, language, scrolls=False)
    page.goto(f"/?lang={language}")
    look(page, language)
    answer = page.goto(f"/t/NOSUCHTICKET?lang={language}")
    assert answer is not None
    assert answer.status == 404
    look(page, language)


def _locale(language: str) -> str:
    return {"ar": "ar-MA", "fr": "fr-MA", "zgh": "zgh-MA", "en": "en-GB"}[language]


def _targets(page: Page, selector: str, count: int) -> None:
    """`count` of them, each large enough for a thumb in a hurry."""
    boxes: list[Any] = [each.bounding_box() for each in page.locator(selector).all()]
    assert len(boxes) == count
    assert all(each["width"] >= TARGET_PIXELS_MIN for each in boxes), boxes
    assert all(each["height"] >= TARGET_PIXELS_MIN for each in boxes), boxes


def test_the_wall_has_its_size(site: Site, screens: Screens) -> None:
    page = screens.board(site.house())
    whole = box(page, "#view")
    assert (whole["width"], whole["height"]) == BOARD
