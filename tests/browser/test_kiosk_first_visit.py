"""What makes the first visit of the real `nouba-kiosk` quick; how quick it is, `scripts/bench kiosk` tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.end_to_end.browsers import KIOSK, WAIT_MILLISECONDS
from tests.kiosk_client.fake_server import BRANCH, Town, fake_server
from tests.kiosk_client.processes import KioskProcess, paired_place, running_kiosk

pytestmark = pytest.mark.browser
SERVICES = f"/kiosk/{BRANCH}/ar"
PATHS = pytest.mark.parametrize("path", ["/", SERVICES], ids=["languages", "services"])
LATER = ("**/*.woff2", "**/*.svg*", "**/polled.js*")
"""What a page does without at first: fonts, drawings, and the module that keeps it true from then on."""
NEEDED_BYTES_MAX = 140 * 1024
"""Over the wire, heads of the answers included, before the page can be used."""
ALL_BYTES_MAX = 420 * 1024
"""With what comes later; the fonts of four languages are three quarters of it."""
WORDS = ".start-name, header h1"
PRESS = """addEventListener("DOMContentLoaded", () => document.querySelector('%s')?.click());"""
"""Not a moment later; where there is nothing to press, it is another page already."""


@dataclass  # without slots: Playwright keeps what it makes of a handler on the handler's object
class Visit:
    """A page that its browser has never seen, and what it asked for, by the DevTools' own words."""

    page: Page
    session: CDPSession
    base: str
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the request's id."""
    came_bytes: dict[str, int] = field(default_factory=dict)

    def go(self, path: str, without: Sequence[str] = ()) -> None:
        """Until the page's module has run; what matches `without` is asked for and never comes."""
        self.session.on("Network.requestWillBeSent", self._ask)
        self.session.on("Network.loadingFinished", self._come)
        self.session.send("Network.enable")
        for pattern in without:
            self.page.route(pattern, lambda _: None)
        self.page.goto(self.base + path, wait_until="domcontentloaded")

    def addresses(self) -> list[str]:
        """Of every request."""
        return [event["request"]["url"] for event in self.asked.values()]

    def _ask(self, event: dict[str, Any]) -> None:
        # The same id again is a redirection: the first visit of "/" is one.
        self.asked[event["requestId"]] = event

    def _come(self, event: dict[str, Any]) -> None:
        self.came_bytes[event["requestId"]] = int(event["encodedDataLength"])


@pytest.fixture(scope="module")
def kiosk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    """After the browser: without one there is nothing to serve."""
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path_factory.mktemp("first") / "kiosk", fake.url)
        with running_kiosk(place) as running:
            yield running


@pytest.fixture
def visit(browser: Browser, kiosk: KioskProcess) -> Iterator[Visit]:
    width, height = KIOSK
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = context.new_page()
    yield Visit(page, context.new_cdp_session(page), f"http://127.0.0.1:{kiosk.port}")
    context.close()


@PATHS
def test_the_head_names_all_that_the_page_needs(visit: Visit, path: str) -> None:
    """Nothing is found only by reading a module or a sheet: it would come a round trip later."""
    visit.go(path, without=LATER)
    needed = [
        event
        for event in visit.asked.values()
        if event["type"] in {"Script", "Stylesheet"} and "/polled.js" not in event["request"]["url"]
    ]
    assert {event["type"] for event in needed} == {"Script", "Stylesheet"}
    found = {event["request"]["url"]: event["initiator"] for event in needed}
    late = {
        url: initiator
        for url, initiator in found.items()
        if (initiator["type"], initiator.get("url")) != ("parser", visit.page.url)
    }
    assert late == {}


@PATHS
def test_words_are_seen_before_the_fonts_have_come(visit: Visit, path: str) -> None:
    visit.go(path, without=LATER)
    expect(visit.page.locator(WORDS).first).to_be_visible()
    visit.page.wait_for_function("[...document.fonts].some((each) => each.status === 'loading')")
    shown = _picture(visit)
    words = visit.page.locator(WORDS).first
    words.evaluate("(each) => { each.style.color = 'transparent'; }")
    assert _picture(visit) != shown, "the words are as invisible as transparent ones"


@PATHS
def test_everything_is_the_programs_own_and_little(visit: Visit, path: str) -> None:
    visit.go(path)
    visit.page.wait_for_load_state("networkidle")
    foreign = [url for url in visit.addresses() if not _is_own(url, visit.base)]
    assert foreign == []
    needed = {"Document", "Script", "Stylesheet"}
    came = visit.came_bytes
    assert sum(came[key] for key, each in visit.asked.items() if each["type"] in needed) <= (
        NEEDED_BYTES_MAX
    )
    assert sum(came.values()) <= ALL_BYTES_MAX


def test_a_service_is_taken_in_the_moment_the_page_is_there(visit: Visit) -> None:
    """Fonts, drawings and news still on their way: the module takes the press, the browser sends no form."""
    page = visit.page
    page.add_init_script(PRESS % "button[value=civil]")
    visit.go(SERVICES, without=LATER)
    expect(page.locator(".issued .ticket-number")).to_be_visible()
    posted = [each for each in visit.asked.values() if each["request"]["method"] == "POST"]
    assert [each["type"] for each in posted] == ["Fetch"]


def test_a_language_is_chosen_in_the_moment_the_page_is_there(visit: Visit) -> None:
    visit.page.add_init_script(PRESS % f'.start-language[href="{SERVICES}"]')
    visit.go("/", without=LATER)
    visit.page.wait_for_url(f"**{SERVICES}", wait_until="domcontentloaded")
    expect(visit.page.locator("button[value=civil]")).to_be_visible()


def _picture(visit: Visit) -> str:
    """Its first large words as they are painted now. Playwright's own picture would wait for the fonts."""
    box = visit.page.locator(WORDS).first.bounding_box()
    assert box is not None
    taken = visit.session.send("Page.captureScreenshot", {"clip": {**box, "scale": 1}})
    return str(taken["data"])


def _is_own(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", "data:"))
