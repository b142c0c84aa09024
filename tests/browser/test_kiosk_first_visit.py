"""The page of the real `nouba-kiosk`, in a browser that has never seen it, on a processor four times slower."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.end_to_end.browsers import KIOSK
from tests.kiosk_client.fake_server import BRANCH, Town, fake_server
from tests.kiosk_client.processes import KioskProcess, paired_place, running_kiosk

pytestmark = pytest.mark.browser
USABLE_MILLISECONDS_MAX = 1000
SLOWER = 4
VISITS_MAX = 8
"""What else the machine does only ever adds to a visit: the quickest of a few is the page's own time."""
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
"""Not before the page's module has run: from then on every button and key does what it should."""
SERVICES = f"/kiosk/{BRANCH}/ar"


@pytest.mark.parametrize("path", ["/", SERVICES], ids=["languages", "services"])
def test_usable_within_a_second_on_the_first_visit(
    browser: Browser, tmp_path: Path, path: str
) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        with running_kiosk(place) as kiosk:
            waits = [_first_visit(browser, kiosk, path)]
            while waits[-1] >= USABLE_MILLISECONDS_MAX and len(waits) < VISITS_MAX:
                waits.append(_first_visit(browser, kiosk, path))
    assert waits[-1] < USABLE_MILLISECONDS_MAX, waits


def _first_visit(browser: Browser, kiosk: KioskProcess, path: str) -> float:
    """Milliseconds from the navigation until the page's module has run; the browser's cache is empty."""
    width, height = KIOSK
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(f"http://127.0.0.1:{kiosk.port}{path}", wait_until="load")
    wait = page.evaluate(READY)
    context.close()
    return float(wait)
