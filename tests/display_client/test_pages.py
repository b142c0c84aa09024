"""The page server of a display: what it passes on, and what counts as a sign of life."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Response

from tests.display_client.fake_server import serving
from tests.display_client.running import screen, until
from tests.display_client.test_running import get, status


@pytest.mark.parametrize("name", ["été.jpg", "a b.jpg", "مدينة بركان.jpg", "100%.jpg", "why?.jpg"])
def test_media_of_any_name_are_passed_on(tmp_path: Path, name: str) -> None:
    """Found: the address was passed on decoded, and refused before it was sent."""
    with serving() as server:
        server._app.add_url_rule(
            "/board/berkane/media/<path:file>",
            view_func=lambda file: Response(file.encode(), content_type="image/jpeg"),
        )
        with screen(tmp_path, server.url) as one:
            assert get(one, f"/board/berkane/media/{quote(name)}?v=1") == name.encode()


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2f%2fb", "a%5cb"])
def test_a_path_that_leads_elsewhere_is_not_passed_on_however_it_is_written(
    tmp_path: Path, path: str
) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        assert status(one, f"/board/berkane/media/{path}") == 404


def test_the_waiting_page_is_a_sign_of_life(tmp_path: Path) -> None:
    """Found: without a network at the first start, Chromium was killed every 40 s."""
    with serving() as server:
        server.stop()
        with screen(tmp_path, server.url) as one:
            assert one.display.watch.page_state() == "unknown"
            assert "Cet écran attend le serveur." in get(one, "/board/berkane?live=local").decode()
            assert one.display.watch.page_state() == "ok"


def test_the_page_of_a_revoked_display_is_a_sign_of_life(tmp_path: Path) -> None:
    with serving() as server:
        server.town.revoked = True
        with screen(tmp_path, server.url) as one:
            until(lambda: one.display.reporter.is_revoked, "it learns so")
            assert "exclu" in get(one, "/").decode()
            assert one.display.watch.page_state() == "ok"
