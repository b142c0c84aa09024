"""Every route with its audience, and proof that each one keeps to it. A new route needs a line here."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from server import app as composition
from server.domain.roles import Role
from server.web import access
from server.web.api import OPERATIONS
from tests.builders import Town
from tests.web.builders import nothing_written, open_site, problem_of, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

GUARDS = {
    access.anyone: "anyone",
    access.kiosk: "kiosk",
    access.staff: "staff",
    access.administrator: "administrator",
    access.supervisor: "supervisor",
    access.program: "program",
}
PAGES = {
    "/": "anyone",
    "/health": "anyone",
    "/ready": "anyone",
    "/metrics": "anyone",
    "/board/<slug>": "anyone",
    "/board/<slug>/say/chime.wav": "anyone",
    "/board/<slug>/say/<any(ar, fr, zgh, en):language>.wav": "anyone",
    "/branches/<slug>/accent.css": "anyone",
    "/t/<secret>": "anyone",
    "/T/<secret>": "anyone",
    "/t/<secret>/cancellation": "anyone",
    "/sign-in": "anyone",
    "/sign-out": "anyone",
    "/kiosk/<slug>/sign-in": "anyone",
    "/kiosk/<slug>": "kiosk",
    "/kiosk/<slug>/accent.css": "kiosk",
    "/kiosk/<slug>/<any(ar, fr, zgh, en):language>": "kiosk",
    "/kiosk/<slug>/<any(ar, fr, zgh, en):language>/tickets": "kiosk",
    "/kiosk/<slug>/<any(ar, fr, zgh, en):language>/printing/<ticket_id>": "kiosk",
    "/kiosk/<slug>/<any(ar, fr, zgh, en):language>/find": "kiosk",
    "/kiosk/<slug>/voice": "kiosk",
    "/kiosk/<slug>/voice/chime.wav": "kiosk",
    "/kiosk/<slug>/voice/<any(ar, fr, zgh, en):language>.wav": "kiosk",
    "/desk": "staff",
    "/desk/shift": "staff",
    "/desk/shift/end": "staff",
    "/desk/actions/<verb>": "staff",
    "/paper": "administrator",
    "/devices": "supervisor",
    "/devices/acceptances": "supervisor",
    "/devices/revocations": "supervisor",
    "/voice": "supervisor",
    "/voice/sentence/<any(ar, fr, zgh, en):language>.wav": "supervisor",
    "/voice/recordings": "supervisor",
    "/voice/recordings/removals": "supervisor",
    "/devices/orders": "supervisor",
    "/devices/displays/<int(max=999999999999999999):device>": "supervisor",
    "/devices/screenshots/<int(max=999999999999999999):device>": "supervisor",
}
PUBLIC_API = {
    "/branches/{branch}/views/board",
    "/tickets/{secret}",
    "/tickets/{secret}/cancellation",
    "/openapi.json",
    "/pairings",
    "/pairings/claims",
}
"""The secret in the address is the credential of two of them; a device that is being paired has none yet."""
NO_KEY = {
    "sign_in.submit",
    "sign_in.sign_out",
    "kiosk_sign_in.submit",
    "kiosk.find",
    "voice.record",
    "voice.remove",
}
"""Changes of a session or of a file, not of a queue, and a missed ticket put back: twice is the same as once."""
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def test_the_pages_are_these_and_no_others(town: Town, tmp_path: Path) -> None:
    app = open_site(town, tmp_path).app
    found = {
        rule.rule: _audience(rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not rule.rule.startswith("/api/")
    }
    assert found == PAGES


def test_the_public_part_of_the_api_is_this(town: Town, tmp_path: Path) -> None:
    app = open_site(town, tmp_path).app
    assert {each.path for each in OPERATIONS if each.is_public} == PUBLIC_API
    for rule in _api_rules(app):
        operation = next(each for each in OPERATIONS if each.name == rule.endpoint.split(".")[1])
        assert _audience(rule) == ("anyone" if operation.is_public else "program")


def test_every_other_door_of_the_api_is_shut_to_strangers(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    with nothing_written(town):
        for operation in OPERATIONS:
            if not operation.is_public:
                path = _filled(operation.path, town)
                answer = stranger.send(operation.method, path, json={})
                assert problem_of(answer) == (401, "unauthenticated"), operation.name


def test_every_right_is_asked_for(town: Town, tmp_path: Path) -> None:
    """A display's token carries no right at all."""
    display = open_site(town, tmp_path).api(Role.DISPLAY)
    with nothing_written(town):
        for operation in OPERATIONS:
            if operation.right is not None:
                answer = display.send(operation.method, _filled(operation.path, town), json={})
                assert problem_of(answer) == (403, "not_allowed"), operation.name


def test_every_change_of_the_api_needs_an_idempotency_key(town: Town, tmp_path: Path) -> None:
    admin = open_site(town, tmp_path).api(Role.ADMIN)
    changing = [each for each in OPERATIONS if each.method.is_changing]
    assert len(changing) == len([rule for rule in _api_rules(admin.app) if _changes(rule)])
    with nothing_written(town):
        for operation in changing:
            answer = admin.send(operation.method, _filled(operation.path, town), json={})
            assert problem_of(answer) == (400, "idempotency_key_missing"), operation.name


def test_every_change_by_a_form_needs_its_key(town: Town, tmp_path: Path) -> None:
    """The form's own id: without it, a second tap would be a second ticket."""
    site = open_site(town, tmp_path)
    secret = town.issue().value.secret
    client = signed_in(site, desk=0, role=Role.ADMIN)
    forms = {
        "ticket.cancel": [f"/t/{secret}/cancellation"],
        "kiosk.take": [f"/kiosk/{town.slug}/fr/tickets"],
        "desk.open_shift": ["/desk/shift"],
        "desk.end_shift": ["/desk/shift/end"],
        "paper.submit": ["/paper"],
        "devices.accept": ["/devices/acceptances"],
        "devices.revoke": ["/devices/revocations"],
        "displays.order": ["/devices/orders"],
        "displays.change": ["/devices/displays/1"],
        "desk.act": [f"/desk/actions/{verb}" for verb in ("call_next", "start", "close_shift")],
    }
    rules = [rule for rule in site.app.url_map.iter_rules() if _changes(rule)]
    pages = {rule.endpoint for rule in rules if not rule.rule.startswith("/api/")}
    assert pages - NO_KEY == set(forms)
    for paths in forms.values():
        for path in paths:
            with nothing_written(town):
                answer = client.post(path, data={"service": "a", "desk": "1", "ticket": "0" * 26})
            assert answer.status_code == 422, path


def test_no_route_is_without_a_guard(town: Town, tmp_path: Path) -> None:
    app = open_site(town, tmp_path).app
    for rule in app.url_map.iter_rules():
        assert rule.endpoint == "static" or _audience(rule)


def _audience(rule: Rule) -> str:
    name = rule.endpoint.rpartition(".")[0]
    guards = {blueprint.name: guard for blueprint, guard in composition.DOORS}
    return GUARDS[guards[name]]


def _api_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]


def _changes(rule: Rule) -> bool:
    return bool(CHANGING & set(rule.methods or ()))


def _filled(path: str, town: Town) -> str:
    names = {
        "branch": town.slug,
        "desk": town.desks[0],
        "device": 1,
        "ticket": "0" * 26,
        "secret": "0" * 13,
    }
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path
