"""The citizen's phone: its place in the line, the call, the cancellation, four languages, and no JavaScript at all."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from server import i18n
from server.wire import WaitRange
from tests.browser.screens import Screens, state
from tests.browser.town import LEGAL, Site
from tests.browser.wires import wire
from tests.end_to_end.browsers import PHONE
from tests.end_to_end.processes import ANSWER_SECONDS_MAX, running

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", i18n.LANGUAGE_NAMES)
WAIT_GRID = [
    (p50, int(p50 * factor)) for p50 in range(0, 13_000, 130) for factor in (1.0, 1.2, 1.7, 3.0)
]
AHEAD_MAX = 130
DATABASE = "nouba.sqlite3"
SAY_WAITS = """async ([texts, grid]) => {
  const {waitText} = await import("nouba/wait");
  return grid.map(([p50, p90]) => waitText(texts, p50, p90));
}"""
SAY_AHEAD = """async ([texts, language, count]) => {
  const {aheadText} = await import("nouba/wait");
  return [...Array(count).keys()].map((ahead) => aheadText(texts, language, ahead));
}"""


def _ahead(page: Page, language: str, count: int) -> None:
    expect(page.locator("#ahead")).to_have_text(i18n.ahead_text(language, count))


@LANGUAGES
def test_its_place_moves_as_others_are_called(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    agent, desk = house.seated(3), house.desks[2]
    for _ in range(3):
        house.take()
    mine = house.take(language=language)
    page = screens.phone(mine["secret"], language)
    for left in (3, 2, 1):
        _ahead(page, language, left)
        called = agent.call(desk)
        agent.act(f"/tickets/{called['id']}/starts")
        agent.act(f"/tickets/{called['id']}/finishes")
    _ahead(page, language, 0)
    assert agent.call(desk)["id"] == mine["id"]
    state(page, "called")
    expect(page.locator(".turn-desk .ticket-number")).to_have_text("3")
    expect(page.locator("#announcement")).to_contain_text(mine["label"])
    assert mine["label"] in page.title(), "the tab and the lock screen show it"


def test_cancelling_asks_first(site: Site, screens: Screens) -> None:
    house = site.house()
    mine = house.take()
    page = screens.phone(mine["secret"])
    sure = page.locator(".turn-sure button")
    expect(sure).to_be_hidden()
    page.locator("#cancel summary").tap()
    assert house.tickets()[0].state == "waiting"
    sure.tap()
    state(page, "cancelled")
    assert house.tickets()[0].state == "cancelled"
    expect(page.locator("#sound")).to_be_hidden()


def test_every_language_is_one_touch_away(site: Site, screens: Screens) -> None:
    house = site.house()
    mine = house.take()
    page = screens.phone(mine["secret"])
    for language in ("ar", "zgh", "en", "fr"):
        page.locator(f'.languages a[lang="{language}"]').tap()
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("html")).to_have_attribute("dir", i18n.direction(language))
        _ahead(page, language, 0)


def test_without_javascript(site: Site, screens: Screens) -> None:
    house = site.house()
    house.take()
    mine = house.take()
    page = screens.phone(mine["secret"], "en", scripts=False)
    _ahead(page, "en", 1)
    expect(page.locator("noscript meta[http-equiv=refresh]")).to_have_count(1)
    expect(page.locator("#foot")).to_be_hidden()
    agent = house.seated()
    agent.call(house.desks[0])
    page.reload()
    _ahead(page, "en", 0)
    page.locator("#cancel summary").click()
    page.locator(".turn-sure button").click()
    state(page, "cancelled")
    assert [ticket.state for ticket in house.tickets()] == ["called", "cancelled"]


def test_after_a_transfer_it_follows_the_new_line(site: Site, screens: Screens) -> None:
    house = site.house()
    mine = house.take()  # the first to come: a transfer keeps its rank
    house.take(LEGAL)
    house.take(LEGAL, **{"class": "priority"})
    page = screens.phone(mine["secret"])
    agent, desk = house.seated(), house.desks[0]
    agent.call(desk, ticket=mine["id"])
    state(page, "called")
    agent.act(f"/tickets/{mine['id']}/transfers", service=LEGAL)
    state(page, "waiting")
    expect(page.locator("#view")).to_have_attribute("data-service", LEGAL)
    _ahead(page, "fr", 1)
    house.take(LEGAL, **{"class": "priority"})
    _ahead(page, "fr", 2)
    agent.call(desk)
    _ahead(page, "fr", 1)


def test_a_cut_network_heals(site: Site, screens: Screens) -> None:
    """Out of the building and back in: the socket ends, further attempts hang, then there is a network again."""
    house = site.house()
    agent = house.seated()
    mine = house.take()
    with wire(site.server.port) as radio:
        page = screens.open(PHONE, touch=True)
        page.goto(f"{radio.url}/t/{mine['secret']}?lang=fr")
        _ahead(page, "fr", 0)
        radio.is_silent = True
        radio.cut()
        agent.call(house.desks[0])
        expect(page.locator("#connection")).to_be_visible()
        state(page, "waiting")
        radio.is_silent = False
        state(page, "called")
        expect(page.locator("#connection")).to_be_hidden()


def test_after_a_cut_it_stands_where_it_stands_now(site: Site, screens: Screens) -> None:
    """Nothing of the ticket itself has changed meanwhile: its place and its wait come alone, and are put in."""
    house = site.house()
    agent = house.seated()
    house.take()
    mine = house.take()
    with wire(site.server.port) as radio:
        page = screens.open(PHONE, touch=True)
        page.goto(f"{radio.url}/t/{mine['secret']}?lang=fr")
        _ahead(page, "fr", 1)
        radio.is_silent = True
        radio.cut()
        agent.call(house.desks[0])
        expect(page.locator("#connection")).to_be_visible()
        _ahead(page, "fr", 1)
        radio.is_silent = False
        _ahead(page, "fr", 0)
        state(page, "waiting")


def test_it_stays_on_the_socket_that_it_has(site: Site, screens: Screens) -> None:
    """Found by a reviewer: an answer that came before the connection was told left a timer that hung up on it."""
    mine = site.house().take()
    page = screens.open(PHONE, touch=True)
    opened: list[str] = []
    heard: list[str] = []

    def listen(socket: WebSocket) -> None:
        opened.append(socket.url)
        socket.on("framereceived", lambda frame: heard.append(str(frame)))

    page.on("websocket", listen)
    page.clock.install()
    page.goto(f"{site.server.url}/t/{mine['secret']}?lang=fr")
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while not any('"watched"' in frame for frame in heard):
        assert time.monotonic() < deadline, heard
        page.wait_for_timeout(20)
    for _ in range(3):  # longer than an answer is waited for, shorter than a ping
        page.clock.run_for(3_000)
        page.wait_for_timeout(100)
    assert len(opened) == 1
    assert heard[1].startswith("40"), "it is in before it is answered"
    expect(page.locator("#connection")).to_be_hidden()


def test_another_database_behind_the_same_address_is_believed(
    site: Site, screens: Screens, tmp_path: Path
) -> None:
    """A backup of before was put back. Phones hear no pulses: their own question tells them."""
    house = site.house()
    agent = house.seated()
    mine = house.take()
    older = tmp_path / "older"
    older.mkdir()
    for file in site.server.data.iterdir():
        if file.is_file() and "sqlite" not in file.name and file.suffix != ".log":
            shutil.copy(file, older / file.name)
    with (
        closing(sqlite3.connect(site.server.data / DATABASE)) as now,
        closing(sqlite3.connect(older / DATABASE)) as before,
    ):
        now.backup(before)
    for _ in range(10):
        house.take()  # lost with the restoring
    with wire(site.server.port) as radio:
        page = screens.open(PHONE, touch=True)
        page.goto(f"{radio.url}/t/{mine['secret']}?lang=fr")
        newest = int(page.locator("#view").get_attribute("data-seq") or 0)
        with running(older) as restored:
            radio.server_port = restored.port
            radio.cut()
            program = agent.program.at(restored.port)
            called = program.post(f"/api/v1/desks/{house.desks[0]}/calls", {}).body
            assert called["id"] == mine["id"]
            assert called["seq"] < newest
            state(page, "called")
            page.close()  # before the server ends: nobody comes back to it


def test_an_upper_case_address_is_the_same_ticket(site: Site, screens: Screens) -> None:
    """The QR is upper-case throughout: it is smaller so."""
    house = site.house()
    mine = house.take()
    page = screens.open(PHONE, touch=True)
    page.goto(f"/T/{mine['secret'].upper()}")
    state(page, "waiting")


@LANGUAGES
def test_the_phone_says_a_wait_as_the_server_does(
    site: Site, screens: Screens, language: str
) -> None:
    house = site.house()
    page = screens.phone(house.take()["secret"], language)
    said = page.evaluate(SAY_WAITS, [i18n.wait_texts(language), WAIT_GRID])
    wanted = [
        i18n.t_wait(language, WaitRange(p50_seconds=p50, p90_seconds=p90)) for p50, p90 in WAIT_GRID
    ]
    assert said == wanted
    assert len(set(wanted)) > 10, "the grid crosses every rounding"
    said = page.evaluate(SAY_AHEAD, [i18n.ahead_texts(language), language, AHEAD_MAX])
    assert said == [i18n.ahead_text(language, count) for count in range(AHEAD_MAX)]
