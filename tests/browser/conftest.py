"""One browser and one server a file; every test opens its own screens, and its console must stay clean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.screens import Screens
from tests.browser.town import Site, open_site
from tests.end_to_end.browsers import WAIT_MILLISECONDS, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: other tests start their own, and Playwright allows one at a time."""
    expect.set_options(timeout=2 * WAIT_MILLISECONDS)
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def site(browser: Browser) -> Iterator[Site]:
    """After the browser: without one there is nothing to serve."""
    with open_site() as opened:
        yield opened


@pytest.fixture
def screens(browser: Browser, site: Site) -> Iterator[Screens]:
    """Screens of this test; a complaint in any console fails it."""
    opened = Screens(browser, site)
    yield opened
    problems = opened.problems()
    opened.close()
    assert problems == []
