"""The desk beyond its keys: sent once, refusals, the end of a session, automatic calls, plain forms, reasons."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from server.i18n import LANGUAGE_NAMES, translate
from tests.browser.keys import press
from tests.browser.screens import Screens
from tests.browser.town import (
    CERTIFICATES,
    LEGAL,
    SECONDARY_MINUTES,
    Agent,
    House,
    Site,
    new_password,
)

pytestmark = pytest.mark.browser
REPAINT_MILLISECONDS = 61_000
REFUSED = "It was called a moment ago: wait a few seconds before calling again."
LANGUAGES = pytest.mark.parametrize("language", LANGUAGE_NAMES)


class Line:
    """What the page sends, seen and perhaps held up on its way."""

    def __init__(self, page: Page) -> None:
        self.verbs: list[str] = []
        self.keys: list[str] = []
        self.lost = 0
        page.route(re.compile("/desk/actions/"), self._see)

    def _see(self, route: Route) -> None:
        request = route.request
        self.verbs.append(request.url.rpartition("/")[2])
        self.keys += re.findall(r'name="key"\s+(\w+)', request.post_data or "")
        if self.lost:
            self.lost -= 1
            route.fetch()  # it reaches the server …
            route.abort()  # … and its answer does not come back
            return
        route.continue_()


def _ready(site: Site, screens: Screens, waiting: int = 2) -> tuple[Page, House, Agent]:
    house = site.house()
    for _ in range(waiting):
        house.take()
    agent = house.seated()
    page = screens.desk(agent)
    expect(page.locator("#free-next" if waiting else "#free-nobody")).to_be_visible()
    return page, house, agent


def test_pressed_twice_is_sent_once(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens)
    line = Line(page)
    press(page, "n")
    press(page, "n")
    expect(page.locator("#in-hand")).to_have_attribute("data-state", "called")
    assert line.verbs == ["call_next"]
    assert [ticket.state for ticket in house.tickets()] == ["called", "waiting"]


def test_a_held_key_is_one_press(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens)
    line = Line(page)
    press(page, "n", repeat=True)
    press(page, "v", repeat=True)
    page.keyboard.down("n")
    for _ in range(5):
        page.keyboard.down("n")  # Playwright marks every further one as a repetition
    page.keyboard.up("n")
    expect(page.locator("#in-hand")).to_have_attribute("data-state", "called")
    assert line.verbs == ["call_next"]
    assert [ticket.state for ticket in house.tickets()] == ["called", "waiting"]


def test_a_lost_answer_is_sent_again_with_the_same_key(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens)
    line = Line(page)
    line.lost = 1
    press(page, "n")
    expect(page.locator("#in-hand .ticket-number")).to_have_text("A001")
    expect(page.locator(".desk-page")).not_to_have_attribute("data-sending", "")
    assert line.verbs == ["call_next", "call_next"]
    assert len(set(line.keys)) == 1
    assert len(line.keys) == 2
    assert [ticket.state for ticket in house.tickets()] == ["called", "waiting"]


def test_typing_and_shortcuts_of_the_browser_do_nothing(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens)
    line = Line(page)
    page.evaluate("document.querySelector('.desk-page').append(document.createElement('input'))")
    page.locator(".desk-page > input").focus()
    for key in "nsrfdbptuhevcklx":
        press(page, key)
    page.locator(".desk-page > input").blur()
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'n', code: 'KeyN', ctrlKey: true, bubbles: true, cancelable: true}))"
    )
    expect(page.locator("details[open]")).to_have_count(0)
    assert line.verbs == []
    assert [ticket.state for ticket in house.tickets()] == ["waiting", "waiting"]


@LANGUAGES
def test_a_refusal_is_one_sentence_in_the_agents_language(
    site: Site, screens: Screens, language: str
) -> None:
    house = site.house()
    house.take()
    page = screens.desk(house.seated(1, language))
    page.keyboard.press("n")
    expect(page.locator("#in-hand")).to_have_attribute("data-state", "called")
    page.keyboard.press("r")
    expect(page.locator(".refusal")).to_have_text(translate(language, REFUSED))
    house.take()  # a push must not wipe it away
    expect(page.locator("#line-etat-civil .line-waiting bdi")).to_have_text("1")
    expect(page.locator(".refusal")).to_have_text(translate(language, REFUSED))


def test_the_end_of_a_session_leads_to_the_sign_in(site: Site, screens: Screens) -> None:
    house = site.house()
    agent = house.seated()
    page = screens.desk(agent)
    new_password(house, agent)
    page.keyboard.press("v")
    page.wait_for_url("**/sign-in**")
    expect(page.locator("#login")).to_be_visible()


def test_an_idle_desk_notices_the_end_of_its_session(site: Site, screens: Screens) -> None:
    house = site.house()
    agent = house.seated()
    page = screens.desk(agent)
    page.clock.install()
    page.reload()
    expect(page.locator(".desk-page")).to_have_attribute("data-live", "")
    new_password(house, agent)
    page.clock.fast_forward(REPAINT_MILLISECONDS)
    page.wait_for_url("**/sign-in**")


def test_the_next_arrival_is_called_automatically(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens, waiting=0)
    line = Line(page)
    page.keyboard.press("v")
    expect(page.locator("#view")).to_have_attribute("data-auto-call", "")
    house.take()
    expect(page.locator("#in-hand .ticket-number")).to_have_text("A001")
    house.take()
    expect(page.locator("#next-up .ticket-number")).to_have_text("A002")
    assert line.verbs == ["auto_call", "call_next"]
    page.keyboard.press("b")  # a ticket that was given back is not called at once again
    expect(page.locator("#free-next")).to_be_visible()
    assert [ticket.state for ticket in house.tickets()] == ["waiting", "waiting"]


def test_plain_forms_do_without_javascript(site: Site, screens: Screens) -> None:
    house = site.house()
    house.take()
    house.take()
    page = screens.desk(house.agent(), scripts=False)
    page.locator(".desk-choice").first.click()
    page.locator("[data-verb=call_next]").click()
    page.locator("[data-verb=recall]").click()
    expect(page.locator("[data-refusal=recall_too_soon]")).to_be_visible()
    page.locator("[data-verb=start]").click()
    expect(page.locator("#in-hand")).to_have_attribute("data-state", "serving")
    page.locator("#menu-transfer summary").click()
    page.locator(f'#menu-transfer button[value="{CERTIFICATES}"]').click()
    expect(page.locator("#free-next .ticket-number")).to_have_text("A002")
    page.locator("[data-verb=call_next]").click()
    page.locator("[data-verb=start]").click()
    page.locator("[data-verb=finish]").click()
    expect(page.locator("#free-nobody")).to_be_visible()
    assert [ticket.state for ticket in house.tickets()] == ["waiting", "done"]
    page.locator("#menu-pause summary").click()
    page.locator('#menu-pause button[value="meeting"]').click()
    page.locator("[data-verb=resume]").click()
    page.locator("#menu-close summary").click()
    page.locator("[data-verb=close_shift]").click()
    expect(page.locator(".desk-choice")).to_have_count(4)


def test_ticks_and_an_open_menu_survive_a_push(site: Site, screens: Screens) -> None:
    page, house, _ = _ready(site, screens, waiting=1)
    page.keyboard.press("n")
    tick = page.locator(".documents input").first
    tick.check()
    page.keyboard.press("t")
    house.take()
    expect(page.locator("#line-etat-civil .line-waiting bdi")).to_have_text("1")
    expect(tick).to_be_checked()
    expect(page.locator("#menu-transfer .menu-body")).to_be_visible()


@LANGUAGES
@pytest.mark.parametrize("cause", ["priority", "came_first", "secondary"])
def test_the_reason_of_the_next_call(
    site: Site, screens: Screens, language: str, cause: str
) -> None:
    house = site.house()
    if cause == "priority":
        house.take()
        house.take(LEGAL, **{"class": "priority"})
        msgid, values = PRIORITY, {"label": "B001", "over": "A001", "minutes": 30}
    elif cause == "came_first":
        house.take()
        house.take(LEGAL)
        msgid, values = CAME_FIRST, {"label": "A001", "over": "B001"}
    else:
        house.take(LEGAL)
        house.take()
        msgid, values = SECONDARY, {"label": "A001", "over": "B001", "minutes": SECONDARY_MINUTES}
    page = screens.desk(house.seated(4 if cause == "secondary" else 1, language))
    wanted = translate(
        language, msgid, **{name: f"\u2066{each}\u2069" for name, each in values.items()}
    )
    expect(page.locator("#free-next .free-more")).to_have_text(wanted)
    page.keyboard.press("n")
    expect(page.locator("#in-hand .ticket-number")).to_have_text(str(values["label"]))


PRIORITY = "%(label)s before %(over)s: priority, head start %(minutes)s min"
CAME_FIRST = "%(label)s before %(over)s: came first"
SECONDARY = "%(label)s before %(over)s: the other line is secondary here, %(minutes)s min later"
