"""The wall: every call seen and heard in turn, silence admitted, and the truth soon after it is back."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.screens import Screens
from tests.browser.town import House, Site, open_site
from tests.browser.wires import wire
from tests.end_to_end.browsers import BOARD
from tests.end_to_end.processes import Program

pytestmark = pytest.mark.browser
PAINT_SECONDS_MAX = 2.0
"""On a machine of our own it is some 50 ms."""
BACK_SECONDS_MAX = 3.0
"""DESIGN and the issue say one second; this leaves room for the neighbours of a shared machine."""
SHOWN_MILLISECONDS = 6000
NEWS = """
window.heard = []; window.notes = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.notes += 1; return start.apply(this, when); };
addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("announcement");
  new MutationObserver(() => window.heard.push(place.textContent)).observe(place, {childList: true});
});
"""
"""Remembers what was announced, and counts the notes of the chime."""
NOTES_A_CHIME = 6
SPOT = "[data-spot][data-new]"


def _board(screens: Screens, house: House, *, clock: bool = False) -> Page:
    page = screens.open(BOARD)
    page.add_init_script(NEWS)
    if clock:
        page.clock.install()
    page.goto(f"/board/{house.slug}")
    expect(page.locator(".board-lines")).to_be_visible()
    return page


def _heard(page: Page) -> list[str]:
    """The numbers that were announced, in order."""
    said: list[str] = page.evaluate("window.heard")
    return [number for text in said for number in re.findall(r"[A-Z]\d{3}", text)]


def test_a_call_is_painted_and_flashes_within_a_moment(site: Site, screens: Screens) -> None:
    house = site.house()
    agent = house.seated(2)
    page = _board(screens, house)
    house.take()
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("1")
    began = time.monotonic()
    agent.call(house.desks[1])
    page.locator(SPOT).wait_for()
    took = time.monotonic() - began
    print(f"from the request to call until the flash: {took * 1000:.0f} ms")
    assert took < PAINT_SECONDS_MAX
    expect(page.locator(f"{SPOT} .call-number")).to_have_text("A001")
    expect(page.locator(f"{SPOT} .call-desk")).to_have_text("2")
    assert page.locator(SPOT).evaluate("(call) => getComputedStyle(call).animationName") == "flash"
    assert _heard(page) == ["A001"]
    assert page.evaluate("window.notes") == NOTES_A_CHIME
    expect(page.locator(SPOT)).to_have_count(0)  # it comes to rest


def test_calls_of_one_second_are_all_announced_in_order(site: Site, screens: Screens) -> None:
    house = site.house()
    agents = [house.seated(number) for number in (1, 2, 3)]
    page = _board(screens, house, clock=True)
    for _ in agents:
        house.take()
    called: list[dict[str, Any]] = [{}] * len(agents)

    def call(index: int) -> None:
        called[index] = agents[index].call(house.desks[index])

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(agents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(page.locator("[data-call]:not([data-extra])")).to_have_count(3)
    in_order = [each["label"] for each in sorted(called, key=lambda each: each["seq"])]
    for label in in_order:
        expect(page.locator(f"{SPOT} .call-number")).to_have_text(label)
        page.clock.run_for(SHOWN_MILLISECONDS)
    assert _heard(page) == in_order
    assert page.evaluate("window.notes") == NOTES_A_CHIME * len(agents)
    expect(page.locator("[data-spot] .call-number")).to_have_text(in_order[-1])


def test_a_recall_is_announced_again(site: Site, screens: Screens) -> None:
    house = site.house()
    agent = house.seated()
    house.take()
    called = agent.call(house.desks[0])
    page = _board(screens, house)
    expect(page.locator("[data-call]")).to_have_count(1)
    assert _heard(page) == [], "the hall saw this call before the page was loaded"
    _recall(agent.program, called["id"])
    expect(page.locator(f"{SPOT} .call-number")).to_have_text("A001")
    assert _heard(page) == ["A001"]


def _recall(program: Program, ticket: str) -> None:
    """As soon as it is allowed: ten seconds after the call."""
    deadline = time.monotonic() + 20
    while (reply := program.post(f"/api/v1/tickets/{ticket}/recalls", {})).status == 409:
        assert reply.body["code"] == "recall_too_soon"
        assert time.monotonic() < deadline
        time.sleep(0.25)
    assert reply.status < 300


def test_the_first_paint_announces_nothing(site: Site, screens: Screens) -> None:
    house = site.house()
    house.take()
    house.seated().call(house.desks[0])
    page = _board(screens, house)
    expect(page.locator("[data-spot] .call-number")).to_have_text("A001")
    house.take()  # a push that brings no call
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("1")
    assert _heard(page) == []
    assert page.evaluate("window.notes") == 0


def test_a_dead_server_is_admitted_and_the_truth_is_back_within_a_second(screens: Screens) -> None:
    with open_site() as site:
        house = site.house()
        agent = house.seated()
        house.take()
        agent.call(house.desks[0])
        own = replace(screens, site=site, opened=[])
        page = _board(own, house)
        expect(page.locator("[data-call]")).to_have_count(1)
        site.server.kill()
        killed = time.monotonic()
        expect(page.locator("#connection")).to_be_visible()
        assert 3 < time.monotonic() - killed < 12, "after five seconds of silence"
        expect(page.locator("#connection [data-age]").first).to_contain_text("5")
        expect(page.locator("[data-call] .call-number")).to_have_text("A001")
        _restart_and_measure(site, house, page)
        own.close()


def _restart_and_measure(site: Site, house: House, page: Page) -> None:
    site.server.start()  # returns once /health answers
    back = time.monotonic()
    house.take()
    house.take()
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("2")
    took = time.monotonic() - back
    expect(page.locator("#connection")).to_be_hidden()
    print(f"from the server's first answer until the wall was right: {took * 1000:.0f} ms")
    assert took < BACK_SECONDS_MAX


def test_a_cut_network_heals(site: Site, screens: Screens) -> None:
    """A cable is pulled: nothing is refused, nothing is closed, bytes just vanish until it is put back."""
    house = site.house()
    agent = house.seated()
    house.take()
    with wire(site.server.port) as cable:
        page = screens.open(BOARD)
        page.goto(f"{cable.url}/board/{house.slug}")
        expect(page.locator("#line-etat-civil .line-count")).to_have_text("1")
        cable.is_silent = True
        agent.call(house.desks[0])
        expect(page.locator("#connection")).to_be_visible()
        expect(page.locator("[data-call]")).to_have_count(0)
        cable.is_silent = False
        back = time.monotonic()
        expect(page.locator(f"{SPOT} .call-number")).to_have_text("A001")
        took = time.monotonic() - back
        print(f"from the network's return until the wall was right: {took * 1000:.0f} ms")
        expect(page.locator("#connection")).to_be_hidden()
        assert took < BACK_SECONDS_MAX


def test_a_late_lower_seq_is_never_painted(site: Site, screens: Screens) -> None:
    """The first push is kept back and delivered after the second."""
    house = site.house()
    agent = house.seated()
    page = screens.open(BOARD)
    kept = _Keeper()
    page.route_web_socket("**/socket.io/**", kept.stand_between)
    page.goto(f"/board/{house.slug}")
    expect(page.locator(".board-lines")).to_be_visible()
    first = house.take()
    kept.wait_for(page, first["seq"])
    kept.keeps = False
    house.take()
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("2")
    shown = int(page.locator("#view").get_attribute("data-seq") or 0)
    assert shown > first["seq"]
    assert kept.deliver() > 0
    agent.call(house.desks[0])
    expect(page.locator("[data-call]")).to_have_count(1)
    counts = page.evaluate("window.counts")
    assert counts == sorted(counts), "an older view was painted over a newer one"


class _Keeper:
    """Stands between page and server and keeps the server's views back while `keeps`."""

    def __init__(self) -> None:
        self.keeps = True
        self.views: list[str] = []
        self._page: WebSocketRoute | None = None

    def stand_between(self, route: WebSocketRoute) -> None:
        self._page = route
        server = route.connect_to_server()
        server.on_message(self._pass)

    def _pass(self, message: str | bytes) -> None:
        assert self._page is not None
        if self.keeps and isinstance(message, str) and message.startswith('42["view"'):
            self.views.append(message)
            return
        self._page.send(message)

    def wait_for(self, page: Page, seq: int) -> None:
        """Until a view of that seq was kept back."""
        page.evaluate(WATCH_SEQ)
        deadline = time.monotonic() + 10
        while not any(f'"seq":{seq}' in view for view in self.views):
            assert time.monotonic() < deadline, self.views
            page.wait_for_timeout(50)

    def deliver(self) -> int:
        """Late, and in the wrong order."""
        assert self._page is not None
        for view in self.views:
            self._page.send(view)
        return len(self.views)


WATCH_SEQ = """() => {
  window.counts = [];
  new MutationObserver(() => window.counts.push(Number(document.getElementById("view").dataset.seq)))
    .observe(document.getElementById("view"), {attributes: true, attributeFilter: ["data-seq"]});
}"""
