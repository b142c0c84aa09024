"""What a stranger's socket is let into, and how often it may guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask_socketio import SocketIOTestClient

from server.domain.roles import Role
from tests.builders import Town
from tests.machines import paired
from tests.web.builders import Site, open_site, signed_in

WRONG = {"view": "ticket", "secret": "0000000000000"}


def test_a_board_is_for_everybody_and_answers_with_its_view(town: Town, tmp_path: Path) -> None:
    screen = _screen(open_site(town, tmp_path))
    answer = _watch(screen, {"view": "board", "branch": town.slug})
    assert answer["ok"]
    assert answer["view"]["seq"] == 0


def test_a_desk_and_a_kiosk_are_not(town: Town, tmp_path: Path) -> None:
    screen = _screen(open_site(town, tmp_path))
    shut = ({"view": "desk"}, {"view": "devices"}, {"view": "kiosk", "branch": town.slug})
    for asked in shut:
        assert _watch(screen, asked) == {"ok": False, "code": "not_allowed"}


def test_the_machines_are_for_supervisors(town: Town, tmp_path: Path) -> None:
    """And the buttons that shut one out are for administrators alone."""
    site = open_site(town, tmp_path)
    paired(town, "kiosk 2")
    asked = {"view": "devices"}
    assert _watch(_screen(site, Role.AGENT), asked) == {"ok": False, "code": "not_allowed"}
    supervisor = _watch(_screen(site, Role.SUPERVISOR), asked)["view"]["html"]
    admin = _watch(_screen(site, Role.ADMIN), asked)["view"]["html"]
    assert "kiosk 2" in supervisor
    assert "/devices/revocations" not in supervisor
    assert "/devices/revocations" in admin


def test_nonsense_is_refused_by_its_code(town: Town, tmp_path: Path) -> None:
    screen = _screen(open_site(town, tmp_path))
    nonsense: list[object] = [None, [], {}, {"view": 3}, {"view": "x" * 1000}, {"view": "nothing"}]
    for asked in nonsense:
        assert _watch(screen, asked) == {"ok": False, "code": "invalid"}


def test_wrong_secrets_are_limited_by_address_not_by_socket(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path, limits__secret_lookups_per_minute=3)
    codes = [_watch(_screen(site), WRONG)["code"] for _ in range(5)]
    assert codes == ["unknown_ticket"] * 3 + ["not_allowed"] * 2


def _screen(site: Site, role: Role | None = None) -> SocketIOTestClient:
    """A stranger's, or that of somebody who signed in."""
    if role is None:
        return site.io.test_client(site.app)
    return site.io.test_client(site.app, flask_test_client=signed_in(site, role=role))


def _watch(screen: SocketIOTestClient, asked: object) -> dict[str, Any]:
    answer = screen.emit("watch", asked, callback=True)
    assert isinstance(answer, dict), answer
    return answer
