"""The kiosk as citizens treat it: tapped twice, cut off, left alone, by keyboard, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from server.i18n import translate
from tests.browser.screens import Screens
from tests.browser.town import CIVIL, CLOSED, LEGAL, Site, open_service
from tests.browser.wires import wire

pytestmark = pytest.mark.browser
MANY = 1000
NO_ANSWER = "No answer from the server. If no ticket comes out, please tell the reception."
IDLE_MILLISECONDS, WARNING_MILLISECONDS = 45_000, 25_000
SERVICE_TAP = f'button[value="{CIVIL}"]'
NUMBER = "#view.issued .ticket-number"


def test_a_double_tap_is_one_ticket(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house, "ar")
    posts: list[str] = []
    page.on("request", lambda asked: posts.append(asked.url) if asked.method == "POST" else None)
    # Two taps and a third on a neighbour, before any answer can have come.
    page.evaluate(
        "([first, other]) => { const taps = [first, first, other];"
        " for (const tap of taps) document.querySelector(tap).click(); }",
        [SERVICE_TAP, f'button[value="{LEGAL}"]'],
    )
    expect(page.locator(NUMBER)).to_have_text("A001")
    assert len(posts) == 1
    assert [ticket.label for ticket in house.tickets()] == ["A001"]


def test_two_submits_of_one_page_are_one_ticket(site: Site, screens: Screens) -> None:
    """Without the module's guard, the key of the page alone holds: two requests, one ticket."""
    house = site.house()
    page = screens.kiosk(house, "fr", scripts=False)
    fields = {
        name: page.locator(f'#act [name="{name}"]').get_attribute("value") or ""
        for name in ("csrf_token", "key")
    }
    answers = [
        page.request.post(
            f"/kiosk/{house.slug}/fr/tickets",
            form={**fields, "service": CIVIL, "class": "ordinary"},
        )
        for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [201, 200]
    assert len(house.tickets()) == 1


def test_lost_replies_are_asked_for_again_with_the_same_key(site: Site, screens: Screens) -> None:
    house = site.house()
    with wire(site.server.port) as cut:
        page = screens.open((1080, 1920), touch=True)
        keys: list[str] = []
        page.on("request", lambda asked: keys.extend(_keys(asked.post_data or "")))
        page.goto(f"{cut.url}/kiosk/{house.slug}/fr")
        cut.lost_replies = MANY  # Chromium asks again by itself on a connection that it had before
        page.locator(SERVICE_TAP).tap()
        expect(page.locator("#trying-title")).to_contain_text("3")
        cut.lost_replies = 0
        expect(page.locator(NUMBER)).to_have_text("A001")
        assert cut.dropped >= 2
        assert len(keys) >= 3
        assert len(set(keys)) == 1
        assert [ticket.label for ticket in house.tickets()] == ["A001"]


def test_no_answer_at_all_is_said_honestly(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.open((1080, 1920), touch=True)
    page.clock.install()
    page.goto(f"/kiosk/{house.slug}/fr")
    address = re.compile(r"/tickets$")
    page.route(address, lambda route: route.abort())
    page.locator(SERVICE_TAP).tap()
    expect(page.locator("#trying")).to_be_visible()
    _until_it_gives_up(page)
    expect(page.locator("#trying-title")).to_have_text(translate("fr", NO_ANSWER))
    page.keyboard.press("Escape")
    expect(page.locator("#trying")).to_be_visible()
    page.unroute(address)
    page.locator("#trying-retry").tap()
    expect(page.locator(NUMBER)).to_have_text("A001")
    assert len(house.tickets()) == 1


def _until_it_gives_up(page: Page) -> None:
    """Through its pauses of up to 4 s, without waiting for them."""
    choices = page.locator("#trying-choices")
    for _ in range(60):
        if choices.is_visible():
            return
        page.clock.run_for(1000)
    expect(choices).to_be_visible()


def test_a_closed_service_cannot_be_tapped(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house, "fr")
    tile = page.locator(f'button[value="{CLOSED}"]')
    expect(tile).to_be_disabled()
    tile.tap(force=True)
    open_service(house, LEGAL, is_open=False)
    house.take()  # a push shows what the operator changed
    expect(page.locator(f'button[value="{LEGAL}"]')).to_be_disabled()
    expect(page.locator(f"#tile-{CIVIL}")).to_contain_text("1")
    assert [ticket.label for ticket in house.tickets()] == ["A001"]


def test_left_alone_it_asks_and_goes_back_to_the_start(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.open((1080, 1920), touch=True)
    page.clock.install()
    page.goto(f"/kiosk/{house.slug}/ar")
    expect(page.locator("#tiles")).to_be_visible()
    page.clock.run_for(IDLE_MILLISECONDS - 2000)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(3000)
    expect(page.locator("#idle")).to_be_visible()
    page.locator("#idle-stay").tap()
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(IDLE_MILLISECONDS + 1000)
    expect(page.locator("#idle")).to_be_visible()
    page.clock.run_for(WARNING_MILLISECONDS + 1000)
    page.wait_for_url(f"**/kiosk/{house.slug}")


def test_the_ticket_screen_goes_back_by_itself(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.open((1080, 1920), touch=True)
    page.clock.install()
    page.goto(f"/kiosk/{house.slug}/en")
    page.locator(SERVICE_TAP).tap()
    expect(page.locator(NUMBER)).to_have_text("A001")
    expect(page.locator("#printing")).to_have_attribute("data-state", "no_printer")
    page.clock.run_for(15_000)
    expect(page.locator(NUMBER)).to_be_visible()
    page.clock.run_for(6_000)
    page.wait_for_url(f"**/kiosk/{house.slug}")


def test_by_keyboard_alone(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house)
    _tab_to(page, f'a[href$="/{house.slug}/fr"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr")
    _tab_to(page, 'input[value="ordinary"]')
    page.keyboard.press("ArrowDown")
    expect(page.locator('input[value="priority"]')).to_be_checked()
    _tab_to(page, f'button[value="{LEGAL}"]')
    page.keyboard.press("Enter")
    expect(page.locator(NUMBER)).to_have_text("B001")
    expect(page.locator("#done")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/kiosk/{house.slug}")
    assert [ticket.ticket_class for ticket in house.tickets()] == ["priority"]


def _tab_to(page: Page, selector: str) -> None:
    """Presses Tab as often as a patient person would."""
    wanted = page.locator(selector)
    for _ in range(15):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


@pytest.mark.parametrize("language", ["ar", "fr", "zgh", "en"])
def test_without_javascript(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    page = screens.kiosk(house, scripts=False)
    page.locator(f'a[href$="/{house.slug}/{language}"]').click()
    page.locator('input[value="priority"]').check()
    page.locator(SERVICE_TAP).click()
    expect(page.locator(NUMBER)).to_have_text("A001")
    page.reload()  # the browser sends the form again
    expect(page.locator(NUMBER)).to_have_text("A001")
    page.locator("#done").click()
    expect(page.locator(".start-language")).to_have_count(4)
    taken = house.tickets()
    assert [(ticket.language, ticket.ticket_class) for ticket in taken] == [(language, "priority")]


def test_a_push_keeps_choice_and_focus(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house, "fr")
    page.locator('input[value="priority"]').check()
    page.locator(f'button[value="{LEGAL}"]').focus()
    house.take(LEGAL)
    expect(page.locator(f"#tile-{LEGAL}")).to_contain_text("1")
    expect(page.locator('input[value="priority"]')).to_be_checked()
    expect(page.locator(f'button[value="{LEGAL}"]')).to_be_focused()


def test_a_service_closed_meanwhile_is_refused_without_javascript(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    page = screens.kiosk(house, "fr", scripts=False)
    open_service(house, CIVIL, is_open=False)
    page.locator(SERVICE_TAP).click()
    expect(page.locator(".refused")).to_have_attribute("data-code", "service_closed")
    assert house.tickets() == []


def _keys(body: str) -> list[str]:
    return re.findall(r"\bkey=(\w+)", body)
