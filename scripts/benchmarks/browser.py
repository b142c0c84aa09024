"""The Chromium of a bench: many pages in one browser, and what each of them reports."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.figures import BenchWrong

NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root, without a screen, on a machine that reaches no network; the probes of memory may ask for the collector.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
    "--js-flags=--expose-gc",
)
_CLOCK = "performance.timeOrigin + performance.now()"
_ASKED = 7


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless browser until the block ends. Raises BenchWrong when the machine has none."""
    found = os.environ.get("NOUBA_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise BenchWrong("no Chromium on this machine; NOUBA_CHROMIUM says where one is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def clock_ahead_millis(page: Page) -> float:
    """How far the page's clock is ahead of our monotonic one, by the quickest of some questions."""
    answers = []
    for _ in range(_ASKED):
        asked = time.monotonic()
        said: float = page.evaluate(_CLOCK)
        answered = time.monotonic()
        answers.append((answered - asked, said - (asked + answered) / 2 * 1000))
    return min(answers)[1]
