"""The API of desks: shifts, pauses, calls and the agent's view."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server.domain.roles import Role
from tests.builders import Town
from tests.web.builders import (
    another_branch,
    call,
    nothing_written,
    open_site,
    problem_of,
    refused,
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_a_shift_is_opened_once_and_closed_once(town: Town, tmp_path: Path) -> None:
    agent = open_site(town, tmp_path).agent()
    path = f"/desks/{town.desks[0]}/shift"
    opened, again = agent.post(path), agent.post(path)
    assert (opened.status_code, again.status_code) == (201, 200)
    assert opened.json
    assert (opened.json["desk"], opened.json["is_open"]) == (1, True)
    closed = agent.delete(path)
    assert closed.json
    assert (closed.status_code, closed.json["is_open"]) == (200, False)
    with nothing_written(town):
        assert problem_of(agent.delete(path)) == (409, "no_shift")


def test_one_agent_a_desk_and_one_desk_an_agent(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    first, second = site.seated(0), site.agent(1)
    with nothing_written(town):
        assert refused(second, f"/desks/{town.desks[0]}/shift") == (409, "desk_taken")
        assert refused(first, f"/desks/{town.desks[1]}/shift") == (409, "agent_elsewhere")
        assert refused(second, "/desks/999/shift") == (404, "unknown_desk")


def test_a_pause_has_a_reason_and_stops_the_calls(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    path = f"/desks/{town.desks[0]}"
    town.issue()
    paused = desk.post(f"{path}/pauses", {"reason": "prayer"})
    assert paused.json
    assert (paused.status_code, paused.json["pause_reason"]) == (201, "prayer")
    with nothing_written(town, but_answers=True):
        assert desk.post(f"{path}/pauses", {"reason": "prayer"}).status_code == 200
    with nothing_written(town):
        assert refused(desk, f"{path}/calls") == (409, "desk_paused")
        assert refused(desk, f"{path}/pauses", {"reason": "football"}) == (422, "invalid")
        assert refused(desk, f"{path}/pauses", {}) == (422, "invalid")
    resumed = desk.delete(f"{path}/pauses")
    assert resumed.json
    assert (resumed.status_code, resumed.json["paused_at"]) == (200, None)
    assert desk.delete(f"{path}/pauses").status_code == 200
    assert desk.post(f"{path}/calls").status_code == 201


def test_a_call_says_why(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue("a")
    town.clock.advance(timedelta(minutes=1))
    town.issue("b")
    answer = desk.post(f"/desks/{town.desks[0]}/calls")
    assert answer.json
    assert (answer.status_code, answer.json["label"], answer.json["desk"]) == (201, "A001", 1)
    assert answer.json["explanation"] == {
        "label": "A001",
        "cause": "came_first",
        "over": "B001",
        "minutes": 0,
    }


def test_a_chosen_ticket_is_called_out_of_the_order(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    chosen = town.issue().value
    path = f"/desks/{town.desks[0]}/calls"
    answer = desk.post(path, {"ticket": chosen.id})
    assert answer.json
    assert (answer.status_code, answer.json["label"]) == (201, chosen.label)
    assert answer.json["explanation"]["cause"] == "chosen"
    with nothing_written(town, but_answers=True):
        assert desk.post(path, {"ticket": chosen.id}).status_code == 200
    with nothing_written(town):
        assert refused(desk, path) == (409, "ticket_in_hand")
        assert refused(desk, path, {"ticket": "0" * 26}) == (404, "unknown_ticket")
        assert refused(desk, path, {"ticket": "A001"}) == (422, "invalid")


def test_nobody_to_call_is_204_and_tells_when_a_held_ticket_may_be(
    town: Town, tmp_path: Path
) -> None:
    desk = open_site(town, tmp_path).seated()
    path = f"/desks/{town.desks[0]}/calls"
    with nothing_written(town):
        nobody = desk.post(path, key="same")
    assert (nobody.status_code, nobody.data) == (204, b"")
    assert "Nouba-Callable-At" not in nobody.headers
    assert "Content-Type" not in nobody.headers
    town.issue()
    # Nothing was written under this key, so it may still be used.
    called = desk.post(path, key="same")
    assert called.status_code == 201
    assert called.json
    desk.post(f"/tickets/{called.json['id']}/no-shows")
    with nothing_written(town):
        held = desk.post(path)
    assert held.status_code == 204
    moment = datetime.fromisoformat(held.headers["Nouba-Callable-At"])
    assert moment == town.clock.now() + timedelta(minutes=5)
    town.clock.moment = moment
    assert desk.post(path).status_code == 201


def test_calls_need_a_shift_at_that_desk(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    seated, standing = site.seated(0), site.agent(1)
    town.issue()
    with nothing_written(town):
        assert refused(standing, f"/desks/{town.desks[1]}/calls") == (409, "no_shift")
        assert refused(seated, f"/desks/{town.desks[1]}/calls") == (409, "no_shift")
        assert refused(seated, "/desks/999/calls") == (404, "unknown_desk")


def test_a_shift_does_not_end_while_somebody_is_served(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    ticket = call(desk, town)
    desk.post(f"/tickets/{ticket}/starts")
    with nothing_written(town):
        answer = desk.delete(f"/desks/{town.desks[0]}/shift")
        paused = desk.post(f"/desks/{town.desks[0]}/pauses", {"reason": "break"})
    assert problem_of(answer) == (409, "ticket_in_hand")
    assert problem_of(paused) == (409, "ticket_in_hand")


@pytest.mark.parametrize("role", [Role.KIOSK, Role.DISPLAY, Role.INTEGRATION])
def test_a_device_serves_nobody(town: Town, tmp_path: Path, role: Role) -> None:
    device = open_site(town, tmp_path).api(role)
    desk, ticket = town.desks[0], town.issue().value.id
    with nothing_written(town):
        for path in (f"/desks/{desk}/shift", f"/desks/{desk}/calls", f"/tickets/{ticket}/starts"):
            assert refused(device, path) == (403, "not_allowed")
        assert problem_of(device.get(f"/desks/{desk}/view")) == (403, "not_allowed")


def test_the_view_of_a_desk_is_versioned(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    path = f"/desks/{town.desks[0]}/view"
    town.issue()
    view = desk.get(path)
    assert view.json
    assert view.status_code == 200
    assert view.headers["ETag"] == f'"{view.json["seq"]}"'
    assert view.json["next_up"]["label"] == "A001"
    assert desk.get(path, {"If-None-Match": view.headers["ETag"]}).status_code == 304
    town.issue()
    assert desk.get(path, {"If-None-Match": view.headers["ETag"]}).status_code == 200


def test_a_desk_without_anybody_has_no_view(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    agent = site.agent()
    assert problem_of(agent.get(f"/desks/{town.desks[1]}/view")) == (409, "no_shift")
    assert problem_of(agent.get("/desks/999/view")) == (404, "unknown_desk")


def test_desks_of_another_branch_are_unknown(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    town.sit(0)
    stranger = another_branch(site, Role.AGENT)
    with nothing_written(town):
        for verb in ("shift", "calls"):
            assert refused(stranger, f"/desks/{town.desks[0]}/{verb}") == (404, "unknown_desk")
        assert problem_of(stranger.get(f"/desks/{town.desks[0]}/view")) == (404, "unknown_desk")
