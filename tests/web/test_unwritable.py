"""Text that PostgreSQL or UTF-8 cannot hold, and numbers beyond BIGINT: refused, never a 500. On both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.pages.forms import is_writable
from tests.builders import Town
from tests.web.builders import nothing_written, open_site, signed_in

NUL = "\0"
HUGE = "9" * 30
FORMS = (
    ("/kiosk/{slug}/fr/tickets", {"service": NUL, "key": "k"}),
    ("/kiosk/{slug}/fr/tickets", {"service": "a", "key": f"k{NUL}"}),
    ("/kiosk/{slug}/fr/tickets", {"service": "a", "key": "k", NUL: "x", "other": NUL}),
    ("/kiosk/{slug}/sign-in", {"token": NUL}),
    ("/desk/shift", {"desk": HUGE, "key": "k"}),
    ("/desk/shift", {"desk": "1", "key": NUL}),
    ("/desk/actions/start", {"ticket": f"x{NUL}", "key": "k"}),
    ("/desk/actions/transfer", {"ticket": "0" * 26, "service": f"a{NUL}", "key": "k"}),
    ("/sign-in", {"login": f"a{NUL}", "password": "x"}),
    ("/t/%00/cancellation", {"key": "k"}),
)
ADDRESSES = (
    "/board/%00",
    "/branches/%00/accent.css",
    "/t/%00",
    "/T/A%00",
    "/kiosk/%00",
    "/kiosk/%00/sign-in",
    "/kiosk/{slug}/fr/printing/%00",
    "/api/v1/branches/%00/views/board",
)


def test_no_page_has_such_an_address(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    with nothing_written(town):
        for address in ADDRESSES:
            assert client.get(address.format(slug=town.slug)).status_code == 404, address


def test_no_form_takes_such_a_field(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path), desk=0)
    for address, fields in FORMS:
        with nothing_written(town):
            answer = client.post(address.format(slug=town.slug), data=fields)
        assert answer.status_code in {404, 422}, (address, fields)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_halves_of_surrogate_pairs_are_no_text(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    with nothing_written(town):
        answer = client.post(
            "/sign-in",
            data=b"login=%ED%A0%80&password=x",
            content_type="application/x-www-form-urlencoded",
        )
    assert answer.status_code in {403, 422}
    assert not is_writable("\ud800")
    assert is_writable("ⵏⵓⴱⴰ 😀")


@pytest.mark.parametrize("text", [NUL, f"a{NUL}", "\ud800"])
def test_a_socket_gets_a_refusal_too(town: Town, tmp_path: Path, text: str) -> None:
    site = open_site(town, tmp_path)
    socket = site.io.test_client(site.app)
    for asked in ({"view": "board", "branch": text}, {"view": "ticket", "secret": text}):
        answer = socket.emit("watch", asked, callback=True)
        assert answer == {"ok": False, "code": "invalid"}
    socket.disconnect()
