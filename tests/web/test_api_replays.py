"""The same request twice is the same answer: in this process, in another, after a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from server.domain.roles import Role
from tests.builders import SeededChance, Town, open_hall
from tests.web.builders import (
    Api,
    a_token,
    call,
    nothing_written,
    open_site,
    problem_of,
)


def test_an_issue_is_replayed_with_everything_it_said(town: Town, tmp_path: Path) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    path, asked = f"/branches/{town.slug}/tickets", {"service": "a"}
    first = kiosk.post(path, asked, key="tap-1")
    town.issue()
    town.clock.advance(timedelta(minutes=1))
    with nothing_written(town):
        again = kiosk.post(path, asked, key="tap-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]


def test_a_replay_survives_a_restart(town: Town, tmp_path: Path) -> None:
    token = a_token(town, Role.KIOSK)
    path, asked = f"/branches/{town.slug}/tickets", {"service": "a"}
    first = Api(app=open_site(town, tmp_path).app, token=token).post(path, asked, key="tap-1")
    engine, hall = open_hall(town.url, town.clock, SeededChance(9))
    restarted = open_site(town, tmp_path / "elsewhere", hall=hall)
    with nothing_written(town):
        again = Api(app=restarted.app, token=token).post(path, asked, key="tap-1")
    engine.dispose()
    assert (again.status_code, again.json) == (200, first.json)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_key_is_for_one_request(town: Town, tmp_path: Path) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    path = f"/branches/{town.slug}/tickets"
    kiosk.post(path, {"service": "a"}, key="one")
    with nothing_written(town):
        for other in ({"service": "b"}, {"service": "a", "class": "priority"}):
            answer = kiosk.post(path, other, key="one")
            assert problem_of(answer) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_two_programs_may_use_the_same_key(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    path, asked = f"/branches/{town.slug}/tickets", {"service": "a"}
    first = site.kiosk().post(path, asked, key="same")
    second = site.kiosk().post(path, asked, key="same")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json != second.json


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_lost_reply_calls_nobody_twice(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    town.issue()
    path = f"/desks/{town.desks[0]}/calls"
    first = desk.post(path, key="call-1")
    assert first.json
    desk.post(f"/tickets/{first.json['id']}/starts")
    desk.post(f"/tickets/{first.json['id']}/finishes")
    with nothing_written(town):
        again = desk.post(path, key="call-1")
    assert (again.status_code, again.json) == (200, first.json)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_every_other_change_is_replayed_too(town: Town, tmp_path: Path) -> None:
    """A late duplicate changes nothing, though the state has moved on since."""
    desk = open_site(town, tmp_path).agent()
    at = f"/desks/{town.desks[0]}"
    town.issue()
    done = [
        desk.post(f"{at}/shift", key="1"),
        desk.post(f"{at}/pauses", {"reason": "break"}, key="2"),
        desk.delete(f"{at}/pauses", key="3"),
    ]
    ticket = call(desk, town)
    done.append(desk.post(f"/tickets/{ticket}/transfers", {"service": "c"}, key="4"))
    done.append(desk.delete(f"{at}/shift", key="5"))
    with nothing_written(town):
        again = [
            desk.post(f"{at}/shift", key="1"),
            desk.post(f"{at}/pauses", {"reason": "break"}, key="2"),
            desk.delete(f"{at}/pauses", key="3"),
            desk.post(f"/tickets/{ticket}/transfers", {"service": "c"}, key="4"),
            desk.delete(f"{at}/shift", key="5"),
        ]
    assert [each.status_code for each in done] == [201, 201, 200, 201, 200]
    assert [each.status_code for each in again] == [200] * 5
    assert [each.json for each in again] == [each.json for each in done]
