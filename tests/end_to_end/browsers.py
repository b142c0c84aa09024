"""Chromium for the tests that look at pages, and pages that remember what went wrong in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.databases import required

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root, in a test, without a screen, on a machine that reaches no network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)
WAIT_MILLISECONDS = 10_000

KIOSK = (1080, 1920)
BOARD = (1920, 1080)
DESK = (1440, 900)
PHONE = (360, 740)


def chromium_path() -> str:
    """This machine's; without one the test is skipped, or fails where it is required."""
    found = os.environ.get("NOUBA_CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM_NAMES)), None
    )
    if found is None:
        if "browser" in required():
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium: scripts/test says where it looked")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    found = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


class Screen:
    """One page of a given size, in a profile of its own; `problems` are errors of its console."""

    def __init__(self, browser: Browser, size: tuple[int, int], *, touch: bool = False) -> None:
        width, height = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, locale="ar-MA"
        )
        self.context.set_default_timeout(WAIT_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.problems.append(message.text) if message.type == "error" else None,
        )
