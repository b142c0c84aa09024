"""Screens in front of a town hall: kiosk, wall, desk and phone in Chromium, each in a profile of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.town import PASSWORD, Agent, House, Site
from tests.end_to_end.browsers import BOARD, KIOSK, PHONE, WAIT_MILLISECONDS

DESK_SMALL = (1366, 768)
DESK_LARGE = (1440, 900)
ANSWERED_NO = "Failed to load resource"
"""How Chromium reports an answer of 4xx or none at all; a page that was refused did nothing wrong."""


class Screen:
    """One page; `problems` is what its console had to complain about."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        size: tuple[int, int],
        *,
        touch: bool = False,
        scripts: bool = True,
        locale: str = "ar-MA",
    ) -> None:
        width, height = size
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            java_script_enabled=scripts,
            locale=locale,
            base_url=site.url,
        )
        self.context.set_default_timeout(2 * WAIT_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.problems.append(said.text) if said.type == "error" else None,
        )


@dataclass(slots=True)
class Screens:
    """Opens the screens of one test, and closes them with it."""

    browser: Browser
    site: Site
    opened: list[Screen] = field(default_factory=list)

    def open(
        self,
        size: tuple[int, int],
        *,
        touch: bool = False,
        scripts: bool = True,
        locale: str = "ar-MA",
    ) -> Page:
        """An empty page of that size."""
        screen = Screen(self.browser, self.site, size, touch=touch, scripts=scripts, locale=locale)
        self.opened.append(screen)
        return screen.page

    def kiosk(self, house: House, language: str = "", *, scripts: bool = True) -> Page:
        """The start screen, or the services in `language`."""
        page = self.open(KIOSK, touch=True, scripts=scripts)
        page.goto(f"/kiosk/{house.slug}" + (f"/{language}" if language else ""))
        return page

    def board(self, house: House, *, mode: str = "rotate") -> Page:
        """The wall."""
        page = self.open(BOARD)
        page.goto(f"/board/{house.slug}?mode={mode}")
        return page

    def phone(self, secret: str, language: str = "fr", *, scripts: bool = True) -> Page:
        """The page behind the QR."""
        page = self.open(PHONE, touch=True, scripts=scripts)
        page.goto(f"/t/{secret}?lang={language}")
        return page

    def desk(
        self, agent: Agent, size: tuple[int, int] = DESK_SMALL, *, scripts: bool = True
    ) -> Page:
        """The desk, or the choice of one, after the sign-in."""
        page = self.open(size, scripts=scripts)
        sign_in(page, agent)
        if scripts and page.locator("#view").count():
            expect(page.locator(".desk-page")).to_have_attribute("data-live", "")
        return page

    def problems(self) -> list[str]:
        """Of every screen; being refused or cut off is none."""
        said = [text for screen in self.opened for text in screen.problems]
        return [text for text in said if not is_refusal(text)]

    def close(self) -> None:
        for screen in self.opened:
            screen.context.close()


def is_refusal(text: str) -> bool:
    """Whether the browser only reports that a request was refused or cut."""
    cut = ("WebSocket connection to", "net::ERR_")
    return text.startswith(ANSWERED_NO) or any(each in text for each in cut)


def sign_in(page: Page, agent: Agent) -> None:
    """By the form; leads to the desk."""
    page.goto("/sign-in?lang=en")
    page.fill("#login", agent.login)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/desk$"))


def state(page: Page, wanted: str) -> None:
    """Waits until the phone shows `wanted`."""
    expect(page.locator("#view")).to_have_attribute("data-state", wanted)
