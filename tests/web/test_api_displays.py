"""Displays at the API: who may do what, what is refused by which field, and what a report is answered."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from server.domain.displays import SCREENSHOT_BYTES_MAX
from server.domain.roles import Role
from tests.builders import Town
from tests.machines import paired
from tests.web.builders import Api, Site, another_branch, nothing_written, open_site, problem_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
JPEG = b"\xff\xd8\xff\xe0 a picture"
REPORT = {"version": "1.0", "printer_state": "none", "sound": "ok", "page": "ok"}
SPEECH = {"call": "A001/1/1780300800", "step": "begin"}


def a_display(site: Site, name: str | None = None) -> tuple[Api, str]:
    """A paired screen's program, and its address for staff."""
    caller, token = paired(site.town, name, kind="display")
    api = Api(app=site.app, token=token)
    assert api.post("/device/reports", REPORT).status_code == 200  # its first use is noted
    return api, f"/branches/{site.town.slug}/devices/{caller.device}"


def sent(jpeg: bytes, order: int = 1) -> dict[str, Any]:
    """A picture as a display sends it."""
    return {"order": order, "jpeg": base64.b64encode(jpeg).decode()}


def invalid_field(answer: Any) -> tuple[int, str]:
    """Status and field of a refusal."""
    status, code = problem_of(answer)
    assert code == "invalid"
    return status, answer.json["errors"][0]["field"]


def test_a_report_is_answered_with_what_staff_want(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, path = a_display(site)
    admin = site.api(Role.ADMIN)
    changed = admin.put(f"{path}/display", {"room": "hall", "mode": "side", "lines": ["b"]})
    assert changed.status_code == 201
    again = admin.put(f"{path}/display", {"room": "hall", "mode": "side", "lines": ["b"]})
    assert again.status_code == 200
    assert admin.post(f"{path}/orders", {"order": "identify"}).status_code == 201
    assert display.post("/device/speech", SPEECH).json == {
        "is_granted": True,
        "is_said": False,
        "leader": 1,
        "retry_seconds": 0.0,
    }
    painted = {"painted_seq": 3, "painted_at": "2026-06-01T08:00:00Z"}
    state = display.post("/device/reports", {**REPORT, **painted}).json
    assert state
    assert state["display"]["settings"] == {
        "room": "hall",
        "mode": "side",
        "desk": None,
        "lines": ["b"],
        "speaks": [],
        "is_silent": False,
        "volume_percent": 80,
    }
    assert state["display"]["orders"] == {"reload": 0, "identify": 1, "screenshot": 0}
    assert state["display"]["leader"] == 1
    view = admin.get(f"/branches/{town.slug}/views/devices").json
    assert view
    (card,) = view["devices"]
    assert (card["display"]["painted_seq"], card["display"]["is_leader"]) == (3, True)
    kiosk, _ = paired(town)
    assert kiosk.device
    view = admin.get(f"/branches/{town.slug}/views/devices").json
    assert view
    assert [each["display"] is None for each in view["devices"]] == [False, True]


def test_a_kiosks_report_has_no_display(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    _, token = paired(town)
    answer = Api(app=site.app, token=token).post("/device/reports", {"version": "1.0"}).json
    assert answer
    assert answer["display"] is None


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"mode": "x"}, "mode"),
        ({"desk": 99}, "desk"),
        ({"desk": 0}, "desk"),
        ({"lines": ["x"]}, "lines"),
        ({"speaks": ["x"]}, "speaks"),
        ({"lines": ["A B"]}, "lines[0]"),
        ({"volume_percent": 101}, "volume_percent"),
        ({"room": "#1"}, "room"),
        ({"room": "x" * 41}, "room"),
        ({"room": "\u0000"}, "room"),
        ({"is_silent": "yes"}, "is_silent"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_setting_names_its_field(
    town: Town, tmp_path: Path, bad: dict[str, object], field: str
) -> None:
    site = open_site(town, tmp_path)
    _, path = a_display(site)
    admin = site.api(Role.ADMIN)
    with nothing_written(town):
        assert invalid_field(admin.put(f"{path}/display", bad)) == (422, field)


def test_a_display_may_its_own_things_only(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, path = a_display(site)
    _, other = a_display(site)
    askers = (display, site.agent(1), another_branch(site, Role.ADMIN))
    with nothing_written(town):
        for api in askers:
            for own in (path, other):
                shut = [
                    api.put(f"{own}/display", {}),
                    api.post(f"{own}/orders", {"order": "reload"}),
                    api.get(f"{own}/screenshot"),
                ]
                assert [problem_of(each) for each in shut] == [(403, "not_allowed")] * 3
    assert problem_of(site.agent(0).put(f"{path}/display", {})) == (403, "not_allowed")


def test_a_kiosk_neither_speaks_nor_sends_pictures(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    _, token = paired(town)
    kiosk = Api(app=site.app, token=token)
    kiosk.get("/device/catalogue")
    askers = (kiosk, site.api(Role.DISPLAY), site.api(Role.ADMIN))
    with nothing_written(town):
        for api in askers:
            assert problem_of(api.post("/device/speech", SPEECH)) == (403, "not_allowed")
            assert problem_of(api.put("/device/screenshot", sent(JPEG))) == (403, "not_allowed")


def test_a_picture_is_asked_for_and_seen(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    display, path = a_display(site)
    supervisor = site.agent(0)
    assert problem_of(supervisor.get(f"{path}/screenshot")) == (404, "no_screenshot")
    assert invalid_field(display.put("/device/screenshot", sent(JPEG))) == (422, "order")
    assert supervisor.post(f"{path}/orders", {"order": "screenshot"}).status_code == 201
    assert invalid_field(display.put("/device/screenshot", sent(b"GIF89a"))) == (422, "jpeg")
    large = JPEG + b"x" * (SCREENSHOT_BYTES_MAX - len(JPEG))
    assert invalid_field(display.put("/device/screenshot", sent(large + b"x"))) == (422, "jpeg")
    assert display.put("/device/screenshot", sent(large)).status_code == 201
    assert display.put("/device/screenshot", sent(JPEG)).status_code == 200, "it came already"
    found = supervisor.get(f"{path}/screenshot")
    assert (found.content_type, found.data) == ("image/jpeg", large)
    much = {"order": 1, "jpeg": "x" * 300_000}
    assert display.put("/device/screenshot", much).status_code == 413


def test_kiosks_have_no_display(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    kiosk, _ = paired(town)
    path = f"/branches/{town.slug}/devices/{kiosk.device}"
    admin = site.api(Role.ADMIN)
    with nothing_written(town):
        assert problem_of(admin.put(f"{path}/display", {})) == (404, "unknown_device")
        ordered = admin.post(f"{path}/orders", {"order": "reload"})
        assert problem_of(ordered) == (404, "unknown_device")
