"""The pages on the kiosk's own machine: no socket, a poll every two seconds, and an honest strip without the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from server.i18n import LANGUAGE_NAMES, translate
from tests.browser.looking import look
from tests.browser.screens import is_refusal
from tests.end_to_end.browsers import KIOSK, WAIT_MILLISECONDS
from tests.lonely_house import SLUG, LonelyHouse, lonely_app

pytestmark = pytest.mark.browser
OFFLINE = "Offline: your place will be confirmed"


@dataclass(slots=True)
class Alone:
    """A kiosk that serves itself, and the page on its screen."""

    house: LonelyHouse
    page: Page
    asked: list[str]


@pytest.fixture
def alone(browser: Browser) -> Iterator[Alone]:
    house = LonelyHouse()
    server = make_server("127.0.0.1", 0, lonely_app(house), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    width, height = KIOSK
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=True,
        base_url=f"http://127.0.0.1:{server.port}",
    )
    context.set_default_timeout(2 * WAIT_MILLISECONDS)
    page = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    yield Alone(house=house, page=page, asked=asked)
    context.close()
    server.shutdown()
    thread.join()
    assert [text for text in problems if not is_refusal(text)] == []


def test_it_polls_and_loads_no_sockets(alone: Alone) -> None:
    page = alone.page
    page.goto(f"/kiosk/{SLUG}/fr")
    expect(page.locator("#tile-a")).to_contain_text("3")
    alone.house.seq, alone.house.waiting = 2, 7
    expect(page.locator("#tile-a")).to_contain_text("7")
    assert not [url for url in alone.asked if "socket" in url]


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_the_strip_comes_and_goes_with_the_server(alone: Alone, language: str) -> None:
    page, house = alone.page, alone.house
    page.goto(f"/kiosk/{SLUG}/{language}")
    expect(page.locator("#offline")).to_be_hidden()
    house.is_online = False
    expect(page.locator("#offline")).to_have_text(translate(language, OFFLINE))
    expect(page.locator(".tile-waiting")).to_have_count(0)
    look(page, language, scrolls=False)
    page.locator('button[value="a"]').tap()
    expect(page.locator(".issued .ticket-number")).to_have_text("A901")
    expect(page.locator(".issued-facts dd")).to_have_text(translate(language, OFFLINE))
    look(page, language, scrolls=False)
    page.locator("#done").tap()
    page.wait_for_url(f"**/kiosk/{SLUG}")
    expect(page.locator("#offline p")).to_have_count(4)
    look(page, "ar", scrolls=False)
    house.is_online = True
    expect(page.locator("#offline")).to_be_hidden()


def test_a_program_that_does_not_answer_is_told_too(alone: Alone) -> None:
    page = alone.page
    page.goto(f"/kiosk/{SLUG}/fr")
    page.route("**/*fragment=1", lambda route: route.abort())
    expect(page.locator("#connection")).to_be_visible()
    page.unroute("**/*fragment=1")
    expect(page.locator("#connection")).to_be_hidden()
