"""The kiosk's own page in a real browser: it opens without the server, says so, and hears of its return."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from server.i18n import translate
from tests.end_to_end.browsers import chromium
from tests.kiosk_client.fake_server import BRANCH, Town, fake_server
from tests.kiosk_client.processes import paired_place, running_kiosk

pytestmark = pytest.mark.browser
PATIENCE_MILLISECONDS = 15_000
OFFLINE = translate("fr", "Offline: your place will be confirmed")


def test_a_ticket_without_the_server(tmp_path: Path) -> None:
    with chromium() as browser, fake_server(Town(block_size=30)) as fake:
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        place = paired_place(tmp_path / "kiosk", fake.url)
        with running_kiosk(place) as kiosk:
            page = browser.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"http://127.0.0.1:{kiosk.port}/")
            expect(page.get_by_text("Français")).to_be_visible()
            page.goto(f"http://127.0.0.1:{kiosk.port}/kiosk/{BRANCH}/fr")
            expect(page.locator("#offline")).to_be_hidden()
            fake.stop()
            expect(page.locator("#offline")).to_be_visible()
            expect(page.locator("#offline")).to_contain_text(OFFLINE)
            page.get_by_role("button", name="Service A").click()
            expect(page.locator(".ticket-number")).to_have_text("A970")
            expect(page.locator("#view")).to_contain_text(OFFLINE)
            page.goto(f"http://127.0.0.1:{kiosk.port}/kiosk/{BRANCH}/fr")
            fake.start()
            expect(page.locator("#offline")).to_be_hidden()
            assert complaints == []
        assert [ticket.number for ticket in fake.town.kept.values()] == [970]
