"""What a stranger's socket is let into, and how often it may guess."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from flask_socketio import SocketIOTestClient

from server.actions import amendments, devices, settings
from server.domain.roles import Role
from server.domain.states import Verb
from server.web import access
from tests.builders import Town
from tests.machines import operator, paired
from tests.web.builders import Site, a_token, open_site, signed_in

WRONG = {"view": "ticket", "secret": "0000000000000"}


def test_a_board_is_for_everybody_and_answers_with_its_view(town: Town, tmp_path: Path) -> None:
    screen = _screen(open_site(town, tmp_path))
    answer = _watch(screen, {"view": "board", "branch": town.slug})
    assert answer["ok"]
    assert answer["view"]["seq"] == 0


def test_who_says_what_it_watches_as_it_connects_is_answered_at_once(
    town: Town, tmp_path: Path
) -> None:
    site = open_site(town, tmp_path)
    asked = {"view": "ticket", "secret": str(town.issue().value.secret)}
    for first, code in (
        (asked, None),
        (WRONG, "unknown_ticket"),
        ({"view": "desk"}, "not_allowed"),
    ):
        screen = site.io.test_client(site.app, auth=first)
        [answer] = [said["args"][0] for said in screen.get_received() if said["name"] == "watched"]
        again = _watch(screen, first)
        assert answer.get("code") == again.get("code") == code
        assert answer["ok"] == again["ok"] == (code is None)
    assert site.io.test_client(site.app).get_received() == [], "who says nothing is asked nothing"


def test_a_phone_that_shows_what_is_true_hears_its_place_alone(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    before, mine = town.issue().value, town.issue().value
    screen = _screen(site)
    asked = {"view": "ticket", "secret": str(mine.secret)}
    whole = _watch(screen, asked)["view"]
    assert f'data-shows="{whole["shows"]}"' in whole["html"]
    shown = {**asked, "shows": whole["shows"]}
    town.sit()
    assert town.call().value.label == before.label
    kept = _watch(screen, shown)["view"]
    assert "html" not in kept
    assert (kept["shows"], kept["ahead"]) == (whole["shows"], 0)
    assert kept["seq"] > whole["seq"]
    assert set(kept) == {"view", "seq", "at", "shows", "ahead", "wait"}
    assert "html" in _watch(screen, {**shown, "language": "fr"})["view"], "other words"
    assert "html" in _watch(screen, {**shown, "shows": "0" * 12})["view"], "another page"
    town.step(Verb.START, before.id)
    town.step(Verb.FINISH, before.id)
    assert town.call().value.label == mine.label
    called = _watch(screen, shown)["view"]
    assert called["shows"] != whole["shows"]
    assert 'data-state="called"' in called["html"]


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


def test_a_program_watches_by_its_token(town: Town, tmp_path: Path) -> None:
    """What the same token may read over HTTP, and nothing else."""
    site = open_site(town, tmp_path)
    town.sit()
    screen = _screen(site)
    tokens: dict[Role, str] = {role: a_token(town, role) for role in Role if role is not Role.AGENT}
    tokens[Role.AGENT] = a_token(town, Role.AGENT, town.agents[0].agent)

    def watch(view: str, role: Role, language: str = "fr") -> str:
        asked = {"view": view, "branch": town.slug, "language": language, "token": tokens[role]}
        answer = _watch(screen, asked)
        return "ok" if answer["ok"] else str(answer["code"])

    assert [watch("kiosk", role) for role in (Role.KIOSK, Role.DISPLAY)] == ["ok", "ok"]
    assert watch("desk", Role.AGENT) == "ok"
    assert watch("desk", Role.KIOSK) == "not_allowed"
    assert watch("devices", Role.INTEGRATION) == "ok"
    assert [watch("devices", role) for role in (Role.AGENT, Role.KIOSK)] == ["not_allowed"] * 2
    wrong: tuple[dict[str, str], ...] = (
        {"token": "nouba_0"},
        {"token": tokens[Role.KIOSK], "branch": "elsewhere"},
    )
    for given in wrong:
        asked = {"view": "kiosk", "branch": town.slug, "language": "fr", **given}
        assert _watch(screen, asked) == {"ok": False, "code": "not_allowed"}


def test_a_token_in_a_watch_is_in_no_log(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    screen = _screen(open_site(town, tmp_path))
    for token in (a_token(town, Role.KIOSK), "nouba_wrong_token"):
        with caplog.at_level(logging.DEBUG):
            _watch(screen, {"view": "kiosk", "branch": town.slug, "token": token})
        said = capsys.readouterr()
        assert token not in said.out + said.err + caplog.text


def test_who_is_shut_out_hears_no_more(town: Town, tmp_path: Path) -> None:
    """Each by the way in which its right ends; whoever kept theirs stays."""
    site = open_site(town, tmp_path)
    device, token = paired(town)
    cookie = site.app.test_client()
    cookie.set_cookie(access.DEVICE_COOKIE, token)
    kiosk = site.io.test_client(site.app, flask_test_client=cookie)
    number, program_token = settings.create_token(
        hall=town.hall, branch=town.branch, role=Role.INTEGRATION, label="program"
    )
    program, staff, stays, wall = (
        _screen(site),
        _screen(site, Role.ADMIN),
        _screen(site),
        _screen(site),
    )
    assert _watch(kiosk, {"view": "kiosk", "branch": town.slug, "language": "fr"})["ok"]
    assert _watch(program, {"view": "devices", "token": program_token})["ok"]
    assert _watch(staff, {"view": "devices"})["ok"]
    asked = {"view": "kiosk", "branch": town.slug, "token": a_token(town, Role.KIOSK)}
    assert _watch(stays, asked)["ok"]
    assert _watch(wall, {"view": "board", "branch": town.slug})["ok"]
    everybody = (kiosk, program, staff, stays, wall)

    def in_after_the_pulse() -> list[bool]:
        site.live.shut_out()
        return [each.is_connected() for each in everybody]

    assert in_after_the_pulse() == [True] * 5
    assert device.device is not None
    devices.revoke_device(hall=town.hall, caller=operator(town), device_id=device.device, key=None)
    assert in_after_the_pulse() == [False, True, True, True, True]
    settings.revoke_token(hall=town.hall, token_id=number)
    assert in_after_the_pulse() == [False, False, True, True, True]
    amendments.set_agent_active(hall=town.hall, login=f"{town.slug}-{Role.ADMIN}", is_active=False)
    assert in_after_the_pulse() == [False, False, False, True, True]


def test_an_open_kiosk_that_is_shut_hears_no_more(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    _open_kiosk(town, is_open=True)
    screen = _screen(site)
    assert _watch(screen, {"view": "kiosk", "branch": town.slug})["ok"]
    site.live.shut_out()
    assert screen.is_connected()
    _open_kiosk(town, is_open=False)
    site.live.shut_out()
    assert not screen.is_connected()


def _open_kiosk(town: Town, *, is_open: bool) -> None:
    change = amendments.BranchChange(open_kiosk=is_open)
    amendments.change_branch(hall=town.hall, branch=town.branch, change=change)


def _screen(site: Site, role: Role | None = None) -> SocketIOTestClient:
    """A stranger's, or that of somebody who signed in."""
    if role is None:
        return site.io.test_client(site.app)
    return site.io.test_client(site.app, flask_test_client=signed_in(site, role=role))


def _watch(screen: SocketIOTestClient, asked: object) -> dict[str, Any]:
    answer = screen.emit("watch", asked, callback=True)
    assert isinstance(answer, dict), answer
    return answer
