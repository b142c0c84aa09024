"""The API of tickets: issuing, the citizen's own by its secret, every step of staff."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from server.actions import settings
from server.db import reads
from server.domain.roles import Role
from server.domain.states import TicketState
from tests.builders import Town
from tests.web.builders import another_branch, call, nothing_written, open_site, problem_of, refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_an_issue_answers_with_the_ticket_its_place_and_its_addresses(
    town: Town, tmp_path: Path
) -> None:
    site = open_site(town, tmp_path)
    town.sit(0)
    answer = site.kiosk().post(f"/branches/{town.slug}/tickets", {"service": "a"})
    body = answer.json
    assert body
    assert answer.status_code == 201
    assert (body["label"], body["state"], body["service"]) == ("A001", "waiting", "a")
    assert body["ahead"] == 0
    assert body["wait"] == {"p50_seconds": 0, "p90_seconds": 0}  # the desk is idle
    assert body["seq"] == 2  # the shift was the first event
    assert body["language"] == "ar"  # the branch's first
    assert body["url"].endswith(f"/T/{body['secret']}")
    assert answer.headers["Location"] == f"/api/v1/tickets/{body['secret']}"
    assert "Idempotency-Replayed" not in answer.headers
    own = site.api(None).get(answer.headers["Location"].removeprefix("/api/v1"))
    assert own.json
    assert own.json["label"] == "A001"


def test_language_and_class_are_chosen(town: Town, tmp_path: Path) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    asked = {"service": "b", "language": "zgh", "class": "priority"}
    answer = kiosk.post(f"/branches/{town.slug}/tickets", asked)
    assert answer.json
    assert (answer.json["language"], answer.json["ticket_class"]) == ("zgh", "priority")


@pytest.mark.parametrize("role", [Role.KIOSK, Role.AGENT, Role.INTEGRATION, Role.ADMIN])
def test_who_may_issue(town: Town, tmp_path: Path, role: Role) -> None:
    answer = (
        open_site(town, tmp_path).api(role).post(f"/branches/{town.slug}/tickets", {"service": "a"})
    )
    assert answer.status_code == 201


def test_unknown_and_closed_services_arerefused(town: Town, tmp_path: Path) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    settings.set_service_open(hall=town.hall, branch=town.branch, code="b", is_open=False)
    path = f"/branches/{town.slug}/tickets"
    with nothing_written(town):
        assert refused(kiosk, path, {"service": "nope"}) == (404, "unknown_service")
        assert refused(kiosk, path, {"service": "b"}) == (409, "service_closed")


def test_the_secret_opens_its_ticket_in_either_case(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    secret = town.issue().value.secret
    assert secret
    upper, lower = stranger.get(f"/tickets/{secret}"), stranger.get(f"/tickets/{secret.lower()}")
    assert upper.status_code == 200
    assert upper.json == lower.json
    assert upper.json
    assert (upper.json["ahead"], upper.json["state"]) == (0, "waiting")
    assert upper.headers["Cache-Control"] == "no-store"


def test_a_citizen_cancels_once_and_again(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    secret = town.issue().value.secret
    first = stranger.post(f"/tickets/{secret}/cancellation", key="once")
    again = stranger.post(f"/tickets/{secret}/cancellation", key="once")
    already = stranger.post(f"/tickets/{secret}/cancellation", key="other")
    assert (first.status_code, again.status_code, already.status_code) == (201, 200, 200)
    assert first.json == again.json
    assert already.json
    assert already.json["state"] == "cancelled"
    assert already.json["secret"] is None


def test_a_citizen_cannot_cancel_what_is_being_served(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    desk = site.seated()
    secret = town.issue().value.secret
    called = call(desk, town)
    desk.post(f"/tickets/{called}/starts")
    with nothing_written(town):
        answer = refused(site.api(None), f"/tickets/{secret}/cancellation", {})
    assert answer == (409, "illegal_transition")


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        ((), "starts", TicketState.SERVING),
        (("starts",), "start-undos", TicketState.CALLED),
        (("starts",), "finishes", TicketState.DONE),
        (("starts", "finishes"), "reopenings", TicketState.SERVING),
        ((), "no-shows", TicketState.WAITING),
        ((), "parkings", TicketState.PARKED),
        (("parkings",), "unparkings", TicketState.WAITING),
        (("parkings",), "finishes", TicketState.DONE),
        ((), "returns", TicketState.WAITING),
        ((), "cancellations", TicketState.CANCELLED),
    ],
)
def test_every_step_of_staff(
    town: Town, tmp_path: Path, before: tuple[str, ...], step: str, after: TicketState
) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    ticket = call(desk, town)
    for each in before:
        assert desk.post(f"/tickets/{ticket}/{each}").status_code == 201
    answer = desk.post(f"/tickets/{ticket}/{step}")
    assert answer.json
    assert (answer.status_code, answer.json["state"]) == (201, after.value)
    assert town.ticket(ticket).state is after


def test_a_recall_waits_for_the_voice(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    ticket = call(desk, town)
    with nothing_written(town):
        soon = desk.post(f"/tickets/{ticket}/recalls")
    assert problem_of(soon) == (409, "recall_too_soon")
    assert soon.json
    assert soon.json["seconds_left"] == 10
    town.clock.advance(timedelta(seconds=10))
    assert desk.post(f"/tickets/{ticket}/recalls").status_code == 201


def test_three_times_nobody_came_is_missed_and_can_be_reinstated(
    town: Town, tmp_path: Path
) -> None:
    desk = open_site(town, tmp_path).seated()
    ticket = town.issue().value.id
    for state in ("waiting", "waiting", "missed"):
        assert call(desk, town) == ticket
        answer = desk.post(f"/tickets/{ticket}/no-shows")
        assert answer.json
        assert answer.json["state"] == state
        town.clock.advance(timedelta(minutes=5))
    assert desk.post(f"/tickets/{ticket}/reinstatements").status_code == 201


def test_a_transfer_keeps_number_and_secret(town: Town, tmp_path: Path) -> None:
    desk = open_site(town, tmp_path).seated()
    issued = town.issue().value
    ticket = call(desk, town)
    answer = desk.post(f"/tickets/{ticket}/transfers", {"service": "c"})
    assert answer.json
    assert (answer.status_code, answer.json["service"], answer.json["label"]) == (201, "c", "A001")
    assert town.ticket(ticket).secret == issued.secret
    with nothing_written(town):
        assert refused(desk, f"/tickets/{ticket}/transfers", {"service": "x"}) == (
            404,
            "unknown_service",
        )


def test_already_so_is_200_writes_nothing_and_stays_so_when_it_comes_late(
    town: Town, tmp_path: Path
) -> None:
    desk = open_site(town, tmp_path).seated()
    town.issue()
    ticket = call(desk, town)
    desk.post(f"/tickets/{ticket}/starts")
    with nothing_written(town, but_answers=True):
        again = desk.post(f"/tickets/{ticket}/starts", key="second-press")
    assert again.json
    assert (again.status_code, again.json["state"]) == (200, "serving")
    desk.post(f"/tickets/{ticket}/start-undos")
    with nothing_written(town):
        late = desk.post(f"/tickets/{ticket}/starts", key="second-press")
    assert (late.status_code, late.json) == (200, again.json), "a late duplicate does not act"


def test_steps_need_a_shift_the_right_desk_and_a_lawful_state(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    desk, standing = site.seated(0), site.agent(2)
    town.issue()
    ticket = call(desk, town)
    other = site.seated(1)
    with nothing_written(town):
        assert refused(standing, f"/tickets/{ticket}/starts", {}) == (409, "no_shift")
        assert refused(other, f"/tickets/{ticket}/starts", {}) == (409, "ticket_not_here")
        assert refused(desk, f"/tickets/{ticket}/finishes", {}) == (409, "illegal_transition")
        assert refused(desk, f"/tickets/{'0' * 26}/starts", {}) == (404, "unknown_ticket")


def test_only_a_supervisor_reopens_and_only_for_a_while(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    agent, supervisor = site.seated(1), site.seated(0)
    town.issue("b")
    ticket = call(agent, town, 1)
    agent.post(f"/tickets/{ticket}/starts")
    agent.post(f"/tickets/{ticket}/finishes")
    path = f"/tickets/{ticket}/reopenings"
    with nothing_written(town):
        assert refused(agent, path, {}) == (403, "not_allowed")
    town.clock.advance(timedelta(minutes=16))
    with nothing_written(town):
        assert refused(supervisor, path, {}) == (409, "reopen_too_late")


def test_a_ticket_of_another_branch_is_unknown(town: Town, tmp_path: Path) -> None:
    site, ticket = open_site(town, tmp_path), town.issue().value.id
    stranger = another_branch(site, Role.AGENT)
    with nothing_written(town):
        assert refused(stranger, f"/tickets/{ticket}/cancellations", {}) in {
            (409, "no_shift"),
            (404, "unknown_ticket"),
        }
    with town.hall.store.read() as connection:
        assert reads.ticket_by_secret(connection, town.ticket(ticket).secret).id == ticket
