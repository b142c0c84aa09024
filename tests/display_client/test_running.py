"""A whole display against a server that fails: the board is right, each call is said once."""

from __future__ import annotations

from pathlib import Path

from tests.display_client.fake_server import serving
from tests.display_client.running import screen, until


def test_a_call_is_shown_and_said(tmp_path: Path) -> None:
    with serving() as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        first = one.news()
        assert first["online"]
        assert first["is_current"]
        assert first["view"]["seq"] == 1
        key = server.call("A012", 3)
        until(lambda: (one.news(first["number"])["announce"] or {}).get("key") == key, "announced")
        assert one.news()["view"]["seq"] == 2
        until(lambda: one.heard() == [key], "said to its end")
        until(lambda: server.town.said == [(1, key)], "the server is told")
        until(lambda: one.news()["announce"] is None, "the large place is free again")
        assert one.log()[0].title == f"{key} ar,fr", "each language that has a voice"
