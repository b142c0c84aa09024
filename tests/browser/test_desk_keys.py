"""One key for each verb, on a Latin and on an Arabic layout; what the database holds afterwards is what counts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from server.domain.roles import Role
from tests.browser.keys import LAYOUTS, press
from tests.browser.screens import Screens
from tests.browser.town import CERTIFICATES, House, Site

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("layout", LAYOUTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A desk with two people waiting, and its keyboard."""

    page: Page
    house: House
    layout: str

    def press(self, keys: str) -> None:
        """One after the other, each once the one before is answered."""
        for key in keys:
            press(self.page, key, self.layout)
            expect(self.page.locator(".desk-page")).not_to_have_attribute("data-sending", "")

    def hand(self, wanted: str) -> None:
        """Waits for `called`, `serving` or, with "", an empty hand."""
        if wanted:
            expect(self.page.locator("#in-hand")).to_have_attribute("data-state", wanted)
        else:
            expect(self.page.locator("#in-hand")).to_have_count(0)

    def states(self) -> list[str]:
        """Of every ticket, oldest first."""
        return [str(ticket.state) for ticket in self.house.tickets()]


def _desk(site: Site, screens: Screens, layout: str, role: Role = Role.AGENT) -> Desk:
    house = site.house()
    house.take()
    house.take()
    agent = house.seated(1, "fr", role)
    page = screens.desk(agent)
    expect(page.locator("#free-next")).to_be_visible()
    return Desk(page=page, house=house, layout=layout)


def test_call_start_undo_finish(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    assert desk.states() == ["called", "waiting"]
    desk.press("s")
    desk.hand("serving")
    desk.press("u")
    desk.hand("called")
    desk.press("s")
    desk.hand("serving")
    desk.press("f")
    desk.hand("")
    assert desk.states() == ["done", "waiting"]


def test_n_finishes_and_calls_the_next(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    desk.press("s")
    desk.hand("serving")
    desk.press("n")
    expect(desk.page.locator("#in-hand .ticket-number")).to_have_text("A002")
    assert desk.states() == ["done", "called"]


def test_recall_no_show_and_return(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    desk.press("r")
    expect(desk.page.locator("[data-refusal=recall_too_soon]")).to_be_visible()
    desk.press("b")
    desk.hand("")
    assert desk.states() == ["waiting", "waiting"]
    desk.press("n")
    expect(desk.page.locator("#in-hand .ticket-number")).to_have_text("A001")
    desk.press("d")
    desk.hand("")
    first = desk.house.tickets()[0]
    assert (first.state, first.no_shows) == ("waiting", 1)


def test_set_aside_and_take_up_again(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    desk.press("p")
    desk.hand("")
    assert desk.states() == ["parked", "waiting"]
    expect(desk.page.locator("#list-parked .ticket-number")).to_have_text("A001")
    desk.press("k1")
    expect(desk.page.locator("#in-hand .ticket-number")).to_have_text("A001")
    assert desk.states() == ["called", "waiting"]


def test_transfer_by_digit(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    menu = desk.page.locator("#menu-transfer button")
    wanted = menu.locator(f"xpath=self::*[@value='{CERTIFICATES}']").get_attribute("data-digit")
    assert wanted is not None
    desk.press("t" + wanted)
    desk.hand("")
    rows = desk.house.rows(
        "SELECT services.code FROM tickets JOIN services ON services.id = tickets.service_id"
        " WHERE tickets.branch_id = :branch AND tickets.label = 'A001'"
    )
    assert [row.code for row in rows] == [CERTIFICATES]


def test_pause_and_resume(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("h2")
    expect(desk.page.locator("#free-paused")).to_contain_text("Prière")
    desk.press("n")
    expect(desk.page.locator("#free-next")).to_be_visible()
    assert desk.states() == ["waiting", "waiting"], "N resumed and did not call"


def test_choose_in_the_waiting_list(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("2")
    assert desk.states() == ["waiting", "waiting"], "a digit alone means nothing"
    desk.press("c2")
    expect(desk.page.locator("#in-hand .ticket-number")).to_have_text("A002")
    assert desk.states() == ["waiting", "called"]


def test_cancel_is_asked_first(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    desk.press("n")
    desk.hand("called")
    desk.press("x")
    expect(desk.page.locator("#menu-cancel .menu-body")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#menu-cancel .menu-body")).to_be_hidden()
    assert desk.states() == ["called", "waiting"]
    desk.press("x")
    desk.page.keyboard.press("Enter")
    desk.hand("")
    assert desk.states() == ["cancelled", "waiting"]


def test_take_a_missed_one_up_again(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    for times in range(3):
        desk.press("n" if times == 0 else "c1")
        expect(desk.page.locator("#in-hand .ticket-number")).to_have_text("A001")
        desk.press("d")
        desk.hand("")
    assert desk.states() == ["missed", "waiting"]
    expect(desk.page.locator("#list-missed .ticket-number")).to_have_text("A001")
    desk.press("l1")
    expect(desk.page.locator("#list-missed .ticket-number")).to_have_count(0)
    assert desk.states() == ["waiting", "waiting"]


def test_a_supervisor_reopens(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout, Role.SUPERVISOR)
    desk.press("n")
    desk.hand("called")
    desk.press("s")
    desk.hand("serving")
    desk.press("f")
    desk.hand("")
    expect(desk.page.locator("#list-finished .ticket-number")).to_have_text("A001")
    desk.press("g1")
    desk.hand("serving")
    assert desk.states() == ["serving", "waiting"]


def test_automatic_call_and_end_of_the_shift(site: Site, screens: Screens, layout: str) -> None:
    desk = _desk(site, screens, layout)
    for label in ("A001", "A002"):
        desk.press("n")
        expect(desk.page.locator("#in-hand .ticket-number")).to_have_text(label)
        desk.press("s")
        desk.hand("serving")
        desk.press("f")
        desk.hand("")
    desk.press("v")
    expect(desk.page.locator("#view")).to_have_attribute("data-auto-call", "")
    desk.press("v")
    expect(desk.page.locator("#view")).not_to_have_attribute("data-auto-call", "")
    desk.press("e")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".desk-choice").first).to_be_visible()
    assert desk.states() == ["done", "done"]
