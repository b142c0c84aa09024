"""Devices at the API: paired, working, revoked; what each answer holds and who gets which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.actions import settings
from server.actions.paper import set_paper_layout
from server.domain.paper_layout import PaperLayout, Part, from_json
from server.domain.roles import Role
from tests.builders import MORNING, Town
from tests.machines import blocks_of, offline_ticket, paired
from tests.web.builders import (
    Api,
    Site,
    another_branch,
    nothing_written,
    open_site,
    problem_of,
    refused,
)

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
DAY = MORNING.date().isoformat()
HEALTHY = {"version": "1.0", "printer_state": "ok", "paper": "ok"}


def a_kiosk(site: Site) -> Api:
    """The program on a paired kiosk."""
    return Api(app=site.app, token=paired(site.town)[1])


def answer(api: Api, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """The answer to a POST that must succeed."""
    found = api.post(path, body)
    assert found.status_code < 300, found.text
    assert isinstance(found.json, dict)
    return found.json


def read(api: Api, path: str) -> dict[str, Any]:
    """The answer to a GET that must succeed."""
    found = api.get(path)
    assert found.status_code == 200, found.text
    assert isinstance(found.json, dict)
    return found.json


def test_a_device_comes_in_by_its_code(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    stranger, admin = site.api(None), site.api(Role.ADMIN)
    shown = answer(stranger, "/pairings", {"kind": "kiosk", "version": "1.0"})
    claim = {"claim": shown["claim"]}
    assert answer(stranger, "/pairings/claims", claim)["state"] == "waiting"
    devices = f"/branches/{town.slug}/devices"
    card = answer(admin, devices, {"code": shown["code"], "name": "kiosk 1"})
    assert (card["name"], card["state"]) == ("kiosk 1", "unknown")
    claimed = answer(stranger, "/pairings/claims", claim)
    assert (claimed["branch"], claimed["device"]) == (town.slug, card["id"])
    kiosk = Api(app=site.app, token=claimed["token"])
    assert kiosk.get("/device/catalogue").status_code == 200
    assert refused(stranger, "/pairings/claims", claim) == (410, "pairing_expired")
    town.clock.advance(timedelta(seconds=2))
    assert kiosk.get("/device/catalogue").status_code == 200, "still the same token"


@pytest.mark.parametrize("name", ["hall, left", "Entrée", "شباك الاستقبال", "ⵜⴰⵣⵇⵇⴰ"])
@pytest.mark.parametrize("kind", ["kiosk", "display"])
def test_a_device_may_propose_any_name_that_a_form_takes(
    town: Town, tmp_path: Path, kind: str, name: str
) -> None:
    """Found: the example of docs/display.md was refused, with a regular expression for an explanation."""
    site = open_site(town, tmp_path)
    body = {"kind": kind, "version": "1.0", "name": name}
    shown = answer(site.api(None), "/pairings", body)
    devices = f"/branches/{town.slug}/devices"
    assert answer(site.api(Role.ADMIN), devices, {"code": shown["code"]})["name"] == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 61, "1 to 60 characters"),
        ("hall\u202etfel", "control characters"),
        ("hall\x1b[2J", "control characters"),
    ],
)
def test_a_name_that_nobody_can_use_is_refused_in_words(
    town: Town, tmp_path: Path, name: str, words: str
) -> None:
    site = open_site(town, tmp_path)
    with nothing_written(town):
        body = {"kind": "display", "version": "1.0", "name": name}
        found = site.api(None).post("/pairings", body)
        assert (found.status_code, words in found.text) == (422, True)
        assert site.api(None).post("/pairings", {**body, "name": "x" * 9_000}).status_code == 422


def test_codes_are_for_administrators_of_the_branch(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    shown = answer(site.api(None), "/pairings", {"kind": "kiosk", "version": "1.0"})
    path, body = f"/branches/{town.slug}/devices", {"code": shown["code"], "name": "x"}
    roles = (Role.KIOSK, Role.DISPLAY, Role.INTEGRATION)
    others = [*map(site.api, roles), site.agent(0), site.agent(1)]
    with nothing_written(town):
        for other in others:
            assert refused(other, path, body) == (403, "not_allowed")
    assert refused(another_branch(site, Role.ADMIN), path, body) == (403, "not_allowed")
    assert refused(site.api(Role.ADMIN), path, {"code": "000000", "name": "x"}) == (
        404,
        "unknown_pairing",
    )
    assert refused(site.api(Role.ADMIN), path, {"code": "12", "name": "x"}) == (422, "invalid")


def test_strangers_ask_for_a_bounded_number_of_codes(town: Town, tmp_path: Path) -> None:
    site = open_site(
        town, tmp_path, limits__pairings_per_minute=2, limits__pairing_claims_per_minute=3
    )
    stranger = site.api(None)
    asked = [stranger.post("/pairings", {"kind": "kiosk", "version": "1"}) for _ in range(3)]
    assert [each.status_code for each in asked] == [201, 201, 429]
    claims = [stranger.post("/pairings/claims", {"claim": "x"}) for _ in range(4)]
    assert [each.status_code for each in claims] == [410, 410, 410, 429]
    assert "Retry-After" in claims[-1].headers


def test_a_revoked_device_stops_within_a_second(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk, admin = a_kiosk(site), site.api(Role.ADMIN)
    assert kiosk.post("/device/reports", HEALTHY).status_code == 200
    (card,) = read(admin, f"/branches/{town.slug}/views/devices")["devices"]
    answer(admin, f"/branches/{town.slug}/devices/{card['id']}/revocation", {})
    town.clock.advance(timedelta(seconds=1))
    with nothing_written(town):
        for path, body in {
            "/device/reports": HEALTHY,
            "/device/blocks": {"day": DAY},
            "/device/tickets": {"tickets": []},
            f"/branches/{town.slug}/tickets": {"service": "a"},
        }.items():
            assert refused(kiosk, path, body) == (401, "unauthenticated")


def test_the_catalogue_is_enough_to_work_alone(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path, server__public_url="https://q.example.ma")
    kiosk = a_kiosk(site)
    first = kiosk.get("/device/catalogue")
    assert first.json
    assert [each["code"] for each in first.json["services"]] == ["a", "b", "c"]
    assert first.json["branch"]["slug"] == town.slug
    assert first.json["hours"]["rules"]
    assert first.json["public_url"] == "https://q.example.ma"
    etag = first.headers["ETag"]
    assert etag.strip('"') == first.json["version"]
    town.clock.advance(timedelta(minutes=5))
    town.issue()
    again = kiosk.get("/device/catalogue", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    settings_changed(town)
    changed = kiosk.get("/device/catalogue", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    told = answer(kiosk, "/device/reports", HEALTHY)
    assert changed.json
    assert told["catalogue_version"] == changed.json["version"] != first.json["version"]


def test_the_catalogue_carries_how_paper_looks(town: Town, tmp_path: Path) -> None:
    kiosk = a_kiosk(open_site(town, tmp_path))
    plain = read(kiosk, "/device/catalogue")
    layout = PaperLayout(parts=(Part.NUMBER, Part.QR))
    set_paper_layout(hall=town.hall, branch=town.branch, layout=layout, caller=None, key=None)
    changed = read(kiosk, "/device/catalogue")
    assert plain["layout"] is None
    assert from_json(changed["layout"]) == layout
    assert changed["version"] != plain["version"]


def settings_changed(town: Town) -> None:
    """A service closes."""
    settings.set_service_open(hall=town.hall, branch=town.branch, code="b", is_open=False)


def test_a_kiosk_leases_uploads_and_is_answered_the_same_again(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk = a_kiosk(site)
    first = kiosk.post("/device/blocks", {"day": DAY}, key="lease")
    assert first.status_code == 201
    assert first.json
    assert first.json["blocks"][0] == {"service": "a", "day": DAY, "first": 900, "last": 999}
    assert kiosk.post("/device/blocks", {"day": DAY}, key="lease").json == first.json
    assert kiosk.post("/device/blocks", {"day": DAY}).status_code == 200
    caller, token = paired(town)
    block = blocks_of(town, caller)["a"]
    body = {"tickets": [msgspec.to_builtins(offline_ticket(block, at=MORNING))]}
    owner = Api(app=site.app, token=token)
    kept = answer(owner, "/device/tickets", body)["results"]
    assert [each["outcome"] for each in kept] == ["kept"]
    assert [each["outcome"] for each in answer(owner, "/device/tickets", body)["results"]] == [
        "already"
    ]
    stolen = answer(kiosk, "/device/tickets", body)["results"]
    assert [(each["outcome"], each["code"]) for each in stolen] == [
        ("refused", "number_not_leased")
    ]


def test_an_upload_has_a_bound(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    caller, token = paired(town)
    block = blocks_of(town, caller)["a"]
    many = [msgspec.to_builtins(offline_ticket(block, at=MORNING)) for _ in range(101)]
    api = Api(app=site.app, token=token)
    api.get("/device/catalogue")  # the first use of a token is noted
    with nothing_written(town):
        assert api.post("/device/tickets", {"tickets": many}).status_code in {413, 422}
    whole = api.post("/device/tickets", {"tickets": many[:1] * 100})
    assert whole.status_code == 201, "a full batch fits into a request"


def test_the_event_of_a_tap_names_its_device(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk = a_kiosk(site)
    answer(kiosk, f"/branches/{town.slug}/tickets", {"service": "a"})
    (issued,) = [
        each
        for each in read(site.agent(0), f"/branches/{town.slug}/events")["events"]
        if each["kind"] == "ticket_issued"
    ]
    assert issued["data"]["device"] == 1


def test_staff_see_devices_and_their_papers(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk, supervisor = a_kiosk(site), site.agent(0)
    ticket = answer(kiosk, f"/branches/{town.slug}/tickets", {"service": "a"})
    answer(kiosk, "/device/reports", {**HEALTHY, "paper": "end", "waiting_to_sync": 2})
    lost = {"ticket": ticket["id"], "state": "not_printed", "reason": "paper_end"}
    assert answer(kiosk, "/device/papers", lost)["label"] == "A001"
    view = supervisor.get(f"/branches/{town.slug}/views/devices")
    assert view.json
    (card,) = view.json["devices"]
    assert (card["state"], card["fault"]) == ("fault", "paper_end")
    assert (card["waiting_to_sync"], card["not_printed"]) == (2, ["A001"])
    etag = {"If-None-Match": view.headers["ETag"]}
    path = f"/branches/{town.slug}/views/devices"
    assert supervisor.get(path, headers=etag).status_code == 304
    town.sit(1)
    desk = site.agent(1).get(f"/desks/{town.desks[1]}/view").json
    assert desk
    assert [(each["name"], each["fault"]) for each in desk["devices"]] == [
        (card["name"], "paper_end")
    ]
    assert problem_of(site.agent(1).get(path)) == (403, "not_allowed")


def test_a_scan_is_answered_with_the_ticket(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk = a_kiosk(site)
    secret = str(town.issue().value.secret)
    found = answer(kiosk, "/device/scans", {"secret": secret.lower()})
    assert (found["ticket"]["label"], found["can_be_reinstated"]) == ("A001", False)
    assert refused(kiosk, "/device/scans", {"secret": "0" * 13}) == (404, "unknown_ticket")
    other = another_branch(site, Role.KIOSK)
    assert refused(other, "/device/scans", {"secret": secret}) == (404, "unknown_ticket")


def test_only_a_paired_device_speaks_for_itself(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    unpaired = site.kiosk()
    with nothing_written(town):
        for path, body in {
            "/device/reports": HEALTHY,
            "/device/blocks": {"day": DAY},
            "/device/tickets": {"tickets": []},
            "/device/papers": {"ticket": "0" * 26, "state": "printed"},
        }.items():
            assert refused(unpaired, path, body) == (403, "not_allowed")


def test_every_answer_tells_the_servers_time(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    stranger = site.api(None)
    answers = [
        stranger.get("/openapi.json"),
        stranger.get("/nothing"),
        stranger.get(f"/branches/{town.slug}/desks"),
        site.app.test_client().get("/health"),
        site.app.test_client().get(f"/board/{town.slug}"),
    ]
    assert {each.headers["Nouba-Time"] for each in answers} == {MORNING.isoformat()}
