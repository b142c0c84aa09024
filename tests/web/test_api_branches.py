"""The API of branches: views, services, desks and events."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.domain.roles import Role
from server.domain.states import Verb
from tests.builders import Town
from tests.statements import recorded
from tests.web.builders import (
    another_branch,
    nothing_written,
    open_site,
    problem_of,
    refused,
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_the_board_is_public_and_versioned(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    path = f"/branches/{town.slug}/views/board"
    town.issue()
    view = stranger.get(path)
    assert view.json
    assert (view.status_code, view.headers["ETag"]) == (200, '"1"')
    assert view.json["lines"][0]["waiting"] == 1
    unchanged = stranger.get(path, {"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["ETag"] == '"1"'
    assert stranger.get(path, {"If-None-Match": '"0"'}).status_code == 200
    assert problem_of(stranger.get("/branches/nowhere/views/board")) == (404, "unknown_branch")


def test_a_version_that_the_asker_has_costs_one_query(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    with recorded(town.engine) as sent:
        stranger.get(f"/branches/{town.slug}/views/board", {"If-None-Match": '"0"'})
    assert len([text for text, _ in sent if text.startswith("SELECT")]) == 1


def test_no_name_and_no_secret_is_on_the_board(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    town.sit(0)
    secret = town.issue().value.secret or ""
    town.call(0)
    text = stranger.get(f"/branches/{town.slug}/views/board").text
    assert "A001" in text
    assert secret not in text
    assert "Agent 0" not in text


def test_a_kiosk_reads_its_view_and_its_services(town: Town, tmp_path: Path) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    town.issue("b")
    view = kiosk.get(f"/branches/{town.slug}/views/kiosk")
    listed = kiosk.get(f"/branches/{town.slug}/services")
    assert view.json
    assert listed.json
    assert view.json["services"] == listed.json["services"]
    assert [each["code"] for each in listed.json["services"]] == ["a", "b", "c"]
    assert listed.json["services"][1]["waiting"] == 1
    etag = {"If-None-Match": view.headers["ETag"]}
    assert kiosk.get(f"/branches/{town.slug}/views/kiosk", etag).status_code == 304


def test_desks_are_listed_with_names_for_staff_only(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    town.sit(1)
    path = f"/branches/{town.slug}/desks"
    staff, program = site.agent().get(path).json, site.api(Role.INTEGRATION).get(path).json
    assert staff
    assert program
    assert [each["is_taken"] for each in program["desks"]] == [False, True, False]
    assert [each["agent"] for each in staff["desks"]] == [None, "Agent 1", None]
    assert [each["agent"] for each in program["desks"]] == [None, None, None]
    assert staff["desks"][1]["desk_id"] == town.desks[1]
    assert staff["desks"][1]["lines"] == [
        {"service": "b", "lag_minutes": 0},
        {"service": "c", "lag_minutes": 5},
    ]


def test_events_are_read_in_pages_without_a_gap(town: Town, tmp_path: Path) -> None:
    program = open_site(town, tmp_path).api(Role.INTEGRATION)
    for _ in range(5):
        town.issue()
    path, seen, after = f"/branches/{town.slug}/events", [], 0
    while True:
        page = program.get(f"{path}?after={after}&limit=2").json
        assert page
        if not page["events"]:
            break
        assert page["seq"] == 5
        seen += [each["seq"] for each in page["events"]]
        after = seen[-1]
    assert seen == [1, 2, 3, 4, 5]
    beyond = program.get(f"{path}?after={2**63 - 1}").json
    assert beyond
    assert beyond["events"] == []


def test_events_speak_in_codes_and_numbers_never_in_names_or_secrets(
    town: Town, tmp_path: Path
) -> None:
    program = open_site(town, tmp_path).api(Role.INTEGRATION)
    town.sit(0)
    secret = town.issue("a").value.secret or ""
    ticket = town.call(0).value.id
    town.step(Verb.START, ticket)
    site = open_site(town, tmp_path)
    site.agent(0).post(f"/tickets/{ticket}/transfers", {"service": "c"})
    answer = program.get(f"/branches/{town.slug}/events")
    assert answer.json
    last = answer.json["events"][-1]
    assert (last["kind"], last["ticket"], last["service"]) == ("ticket_transferred", ticket, "c")
    assert (last["desk"], last["desk_id"]) == (1, town.desks[0])
    assert last["data"] == {"label": "A001", "from_service": "a"}
    assert secret not in answer.text
    assert "Agent 0" not in answer.text


@pytest.mark.parametrize("role", [Role.KIOSK, Role.DISPLAY, Role.AGENT])
def test_events_need_their_right(town: Town, tmp_path: Path, role: Role) -> None:
    answer = open_site(town, tmp_path).api(role).get(f"/branches/{town.slug}/events")
    assert problem_of(answer) == (403, "not_allowed")


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", f"after={2**63}", "limit=0", "limit=501", "afterr=1", "after="]
)
def test_a_wrong_query_is_refused_by_name(town: Town, tmp_path: Path, query: str) -> None:
    answer = (
        open_site(town, tmp_path).api(Role.SUPERVISOR).get(f"/branches/{town.slug}/events?{query}")
    )
    assert problem_of(answer) == (422, "invalid")
    assert answer.json
    assert answer.json["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("slug", ["own", "nowhere"])
def test_a_token_learns_nothing_of_other_branches(town: Town, tmp_path: Path, slug: str) -> None:
    """The answer is the same for a branch that exists and for one that does not."""
    stranger = another_branch(open_site(town, tmp_path), Role.ADMIN)
    branch = f"/branches/{town.slug if slug == 'own' else slug}"
    with nothing_written(town):
        for path in ("views/kiosk", "services", "desks", "events"):
            assert problem_of(stranger.get(f"{branch}/{path}")) == (403, "not_allowed")
        assert refused(stranger, f"{branch}/tickets", {"service": "a"}) == (403, "not_allowed")
