"""Bad requests: each is a 4xx with a stable code that names what is wrong, and nothing is written."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from server.actions import settings
from server.domain.roles import Role
from tests.builders import Town
from tests.web.builders import Api, a_token, nothing_written, open_site, problem_of

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
DEEP = 30_000
KEY = {"Idempotency-Key": "k"}
JSON = {**KEY, "Content-Type": "application/json"}

UNREADABLE = {
    "nothing-closed": b"{",
    "text": b"service=a",
    "a BOM": b'\xef\xbb\xbf{"service":"a"}',
    "no UTF-8": b'{"service":"\xff"}',
    "a raw surrogate": b'{"service":"\xed\xa0\x80"}',
    "half a surrogate pair": b'{"service":"\\ud800"}',
    "a number without end": b'{"service":NaN}',
    "two values": b'{"service":"a"}{}',
    "UTF-16": '{"service":"a"}'.encode("utf-16"),
}
WRONG: dict[str, tuple[bytes, str]] = {
    "number for text": (b'{"service":5}', "service"),
    "huge number": (b'{"service":' + b"9" * DEEP + b"}", "service"),
    "infinite number": (b'{"service":1e999}', "service"),
    "null": (b'{"service":null}', "service"),
    "list": (b'{"service":["a"]}', "service"),
    "deep list": (b'{"service":' + b"[" * DEEP + b"]" * DEEP + b"}", "service"),
    "NUL": (b'{"service":"a\\u0000"}', "service"),
    "empty": (b'{"service":""}', "service"),
    "long": (b'{"service":"' + b"a" * DEEP + b'"}', "service"),
    "markup": (b'{"service":"<script>"}', "service"),
    "missing": (b"{}", "service"),
    "no body": (b"", "service"),
    "unknown field": (b'{"service":"a","sevice":"b"}', "sevice"),
    "unknown language": (b'{"service":"a","language":"xx"}', "language"),
    "unknown class": (b'{"service":"a","class":"vip"}', "class"),
    "class as number": (b'{"service":"a","class":1}', "class"),
    "top-level list": (b"[]", "body"),
    "deep top-level": (b"[" * DEEP, "body"),
    "top-level text": (b'"a"', "body"),
    "top-level null": (b"null", "body"),
}

NOWHERE = (
    "/desks/0/shift",
    "/desks/-1/shift",
    "/desks/9223372036854775808/shift",
    f"/desks/{'9' * 5000}/shift",
    "/desks/١/shift",
    "/desks/1.0/shift",
    "/desks/1%00/shift",
    "/desks/999999999999999999/shift",
    "/tickets/A001/starts",
    f"/tickets/{'0' * 25}%00/starts",
    f"/tickets/{'z' * 26}/starts",
    f"/tickets/{'0' * 26}/dances",
    "/branches/%00/tickets",
    "/nothing",
)
NO_SECRETS = (
    "%00",
    "000000000000%00",
    "%ED%A0%80",
    "%FF",
    "'; DROP TABLE tickets",
    "0" * 64,
    "ß",
    "é" * 13,
)


@pytest.mark.parametrize("name", UNREADABLE)
@SQLITE
def test_what_is_not_json_is_malformed(town: Town, tmp_path: Path, name: str) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    with nothing_written(town):
        answer = _issue(kiosk, town, data=UNREADABLE[name], headers=JSON)
    assert problem_of(answer) == (400, "malformed_json")


@pytest.mark.parametrize("name", WRONG)
@SQLITE
def test_wrong_json_is_refused_by_field(town: Town, tmp_path: Path, name: str) -> None:
    body, field = WRONG[name]
    kiosk = open_site(town, tmp_path).kiosk()
    with nothing_written(town):
        answer = _issue(kiosk, town, data=body, headers=JSON)
    assert problem_of(answer) == (422, "invalid")
    assert answer.json
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert len(answer.data) < 1_000


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "idempotency_key_missing"),
        ({"Idempotency-Key": ""}, 400, "idempotency_key_invalid"),
        ({"Idempotency-Key": "a b"}, 400, "idempotency_key_invalid"),
        ({"Idempotency-Key": "é"}, 400, "idempotency_key_invalid"),
        ({"Idempotency-Key": "\x00"}, 400, "idempotency_key_invalid"),
        ({"Idempotency-Key": "k" * 81}, 400, "idempotency_key_invalid"),
    ],
)
@SQLITE
def test_a_change_needs_a_key(
    town: Town, tmp_path: Path, headers: dict[str, str], status: int, code: str
) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    with nothing_written(town):
        answer = _issue(kiosk, town, json={"service": "a"}, headers=headers)
    assert problem_of(answer) == (status, code)
    assert answer.json
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"


@SQLITE
def test_the_longest_key_is_taken(town: Town, tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "~" * 80}
    kiosk = open_site(town, tmp_path).kiosk()
    assert _issue(kiosk, town, json={"service": "a"}, headers=headers).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
@SQLITE
def test_a_body_is_json_and_says_so(town: Town, tmp_path: Path, kind: str) -> None:
    kiosk = open_site(town, tmp_path).kiosk()
    with nothing_written(town):
        answer = _issue(
            kiosk, town, data=b'{"service":"a"}', headers=KEY, content_type=kind or None
        )
    assert problem_of(answer) == (415, "unsupported_media_type")


@SQLITE
def test_a_charset_beside_the_type_is_fine(town: Town, tmp_path: Path) -> None:
    headers = {**KEY, "Content-Type": "application/json; charset=utf-8"}
    answer = _issue(
        open_site(town, tmp_path).kiosk(), town, data=b'{"service":"a"}', headers=headers
    )
    assert answer.status_code == 201


@SQLITE
def test_ten_megabytes_are_too_much(town: Town, tmp_path: Path) -> None:
    body = b'{"service":"' + b"a" * 10_000_000 + b'"}'
    kiosk = open_site(town, tmp_path).kiosk()
    with nothing_written(town):
        answer = _issue(kiosk, town, data=body, headers=JSON)
    assert problem_of(answer) == (413, "body_too_large")


@SQLITE
def test_a_body_of_unknown_length_is_no_way_round_the_limit(town: Town, tmp_path: Path) -> None:
    """Sent in chunks, as gunicorn hands it over: what is valid up to the limit is refused as well."""
    kiosk = open_site(town, tmp_path, limits__body_bytes_max=4_096).kiosk()
    for size, status in ((100, 201), (5_000, 413), (10_000_000, 413)):
        body = BytesIO(b'{"service":"a"}' + b" " * size)
        terminated = {"wsgi.input_terminated": True}
        answer = _issue(kiosk, town, input_stream=body, headers=JSON, environ_overrides=terminated)
        assert answer.status_code == status


def test_addresses_of_nothing_are_404(town: Town, tmp_path: Path) -> None:
    """On both databases: PostgreSQL refuses numbers and texts that SQLite takes."""
    supervisor = open_site(town, tmp_path).agent()
    with nothing_written(town):
        for path in NOWHERE:
            assert problem_of(supervisor.post(path))[0] == 404, path


def test_what_cannot_be_a_secret_is_like_a_wrong_one(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path).api(None)
    wrong = stranger.get("/tickets/0000000000000")
    assert problem_of(wrong) == (404, "unknown_ticket")
    with nothing_written(town):
        for secret in NO_SECRETS:
            assert stranger.get(f"/tickets/{secret}").data == wrong.data, secret
            cancelled = stranger.post(f"/tickets/{secret}/cancellation")
            assert cancelled.data == wrong.data, secret


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nouba_unknown",
        "Basic bm91YmE6bm91YmE=",
        "Bearer \xff\x00",
        f"Bearer {'x' * 10_000}",
        "revoked",
    ],
)
@SQLITE
def test_no_unknown_and_revoked_tokens_get_one_answer(
    town: Town, tmp_path: Path, sent: str | None
) -> None:
    site = open_site(town, tmp_path)
    if sent == "revoked":
        token_id, token = settings.create_token(
            hall=town.hall, branch=town.branch, role=Role.KIOSK, label="gone"
        )
        settings.revoke_token(hall=town.hall, token_id=token_id)
        sent = f"Bearer {token}"
    stranger, headers = site.api(None), {**KEY}
    bare = _issue(stranger, town, json={"service": "a"}, headers=headers)
    if sent is not None:
        headers["Authorization"] = sent
    with nothing_written(town):
        answer = _issue(stranger, town, json={"service": "a"}, headers=headers)
    assert problem_of(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.data == bare.data


@SQLITE
def test_the_token_is_asked_before_the_body_is_read(town: Town, tmp_path: Path) -> None:
    """A stranger learns nothing of what a request should look like."""
    stranger = open_site(town, tmp_path).api(None)
    answer = _issue(stranger, town, data=b"{", headers={})
    assert problem_of(answer) == (401, "unauthenticated")


@SQLITE
def test_a_display_may_look_but_not_issue(town: Town, tmp_path: Path) -> None:
    display = open_site(town, tmp_path).api(Role.DISPLAY)
    with nothing_written(town):
        answer = _issue(display, town, json={"service": "a"}, headers=KEY)
    assert problem_of(answer) == (403, "not_allowed")
    assert display.get(f"/branches/{town.slug}/services").status_code == 200


@SQLITE
def test_a_wrong_method_names_the_right_ones(town: Town, tmp_path: Path) -> None:
    answer = open_site(town, tmp_path).kiosk().get(f"/branches/{town.slug}/tickets")
    assert problem_of(answer) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@SQLITE
def test_no_get_changes_anything(town: Town, tmp_path: Path) -> None:
    """Not even with everything that a change needs."""
    api = Api(app=open_site(town, tmp_path).app, token=a_token(town, Role.ADMIN))
    with nothing_written(town):
        for rule in api.app.url_map.iter_rules():
            if rule.rule.startswith("/api/v1/branches") and "GET" in (rule.methods or ()):
                path = rule.rule.replace("<api_branch:branch>", town.slug)
                of_device = "<api_device:device>" in path  # this town has none
                path = path.replace("<api_device:device>", "1")
                answer = api.get(path.removeprefix("/api/v1"), KEY)
                assert answer.status_code == (404 if of_device else 200)


def _issue(api: Api, town: Town, **options: Any) -> TestResponse:
    return api.send("POST", f"/branches/{town.slug}/tickets", **options)
