"""A ticket from tap to call on real parts: server, virtual printer, and four pages in Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import zxingcpp
from playwright.sync_api import expect

from tests.end_to_end.browsers import BOARD, DESK, KIOSK, PHONE, Screen, chromium
from tests.end_to_end.processes import running
from tests.end_to_end.town_hall import PASSWORD, town_hall
from virtual_printer import VirtualPrinter

pytestmark = pytest.mark.browser
PAPER_SECONDS_MAX = 15


def test_a_ticket_from_tap_to_call(tmp_path: Path) -> None:
    with VirtualPrinter() as printer:
        host, port = printer.address
        address = f"tcp://{host}:{port}"
        with (
            town_hall(tmp_path, printer=address),
            running(tmp_path) as server,
            chromium() as browser,
        ):
            board, kiosk = Screen(browser, BOARD), Screen(browser, KIOSK, touch=True)
            desk, phone = Screen(browser, DESK), Screen(browser, PHONE, touch=True)
            board.page.goto(f"{server.url}/board/berkane")
            label = _take(kiosk, server.url)
            assert label == "A001"
            secret = _paper_says(printer)
            phone.page.goto(f"{server.url}/t/{secret}")
            expect(phone.page.locator("#view")).to_have_attribute("data-state", "waiting")
            _sit_down(desk, server.url)
            desk.page.keyboard.press("n")
            _everybody_sees_the_call(label, board, desk, phone)
            desk.page.keyboard.press("s")
            expect(phone.page.locator("#view")).to_have_attribute("data-state", "serving")
            expect(desk.page.locator("#in-hand")).to_have_attribute("data-state", "serving")
            desk.page.keyboard.press("f")
            expect(phone.page.locator("#view")).to_have_attribute("data-state", "done")
            for screen in (board, kiosk, desk, phone):
                assert screen.problems == []


def _take(kiosk: Screen, url: str) -> str:
    """Tap Arabic, tap the first service; the number that the screen shows."""
    kiosk.page.goto(f"{url}/kiosk/berkane")
    kiosk.page.tap('a[href$="/kiosk/berkane/ar"]')
    expect(kiosk.page.locator("html")).to_have_attribute("dir", "rtl")
    kiosk.page.locator('button[name="service"][value="civil"]').tap()
    number = kiosk.page.locator("#view .ticket-number").first
    expect(number).to_have_text(re.compile(r"^[A-Z]\d{3}$"))
    return number.inner_text()


def _paper_says(printer: VirtualPrinter) -> str:
    """The secret in the QR of the paper that came out, read by an independent reader."""
    papers = printer.wait_for_papers(1, timeout_seconds=PAPER_SECONDS_MAX)
    found = zxingcpp.read_barcodes(papers[0].paper.picture().convert("L"))
    assert len(found) == 1, "one code on the paper"
    return found[0].text.rpartition("/")[2]


def _sit_down(desk: Screen, url: str) -> None:
    desk.page.goto(f"{url}/desk")
    desk.page.fill('[name="login"]', "agent1")
    desk.page.fill('[name="password"]', PASSWORD)
    desk.page.keyboard.press("Enter")
    desk.page.locator('button[name="desk"]').first.click()
    expect(desk.page.locator("#view")).to_have_attribute("data-desk", re.compile(r"\d+"))
    # The page is there before its module listens to keys.
    expect(desk.page.locator(".desk-page")).to_have_attribute("data-live", "")


def _everybody_sees_the_call(label: str, board: Screen, desk: Screen, phone: Screen) -> None:
    expect(desk.page.locator("#in-hand")).to_contain_text(label)
    expect(board.page.locator("#view")).to_contain_text(label)
    expect(phone.page.locator("#view")).to_have_attribute("data-state", "called")
    expect(phone.page.locator("#view")).to_have_attribute("data-desk", "1")
