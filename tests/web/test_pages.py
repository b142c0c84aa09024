"""The pages as plain forms: what a browser without a script, or a stranger with one, can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.actions import amendments, settings
from server.domain.roles import Role
from tests.builders import Town
from tests.web.builders import PASSWORD, a_token, call, nothing_written, open_site, signed_in

KIOSK = {"service": "a", "class": "ordinary"}


def test_a_ticket_is_taken_called_and_served_by_forms_alone(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    client = signed_in(site, desk=0)
    taken = client.post(f"/kiosk/{town.slug}/ar/tickets", data={**KIOSK, "key": "k1"})
    assert taken.status_code == 201
    assert 'dir="rtl"' in taken.text
    assert "A001" in taken.text
    called = client.post("/desk/actions/call_next", data={"key": "c1"})
    assert called.status_code == 303
    desk = client.get("/desk")
    ticket = re.search(r'name="ticket" value="(\w{26})"', desk.text)
    assert ticket is not None, "the ticket in hand is on the page"
    for verb in ("start", "finish"):
        answer = client.post(f"/desk/actions/{verb}", data={"key": verb, "ticket": ticket.group(1)})
        assert answer.status_code == 303, answer.text
    assert "A001" in client.get(f"/board/{town.slug}").text


def test_a_second_tap_is_the_same_ticket(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    path = f"/kiosk/{town.slug}/fr/tickets"
    first = client.post(path, data={**KIOSK, "key": "tap"})
    with nothing_written(town):
        again = client.post(path, data={**KIOSK, "key": "tap"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert _labels(first.text) == _labels(again.text) == {"A001"}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"service": "a", "class": "ordinary"}, 422, "invalid"),
        ({"service": "nothing", "key": "k"}, 404, "unknown_service"),
        ({"service": "a", "class": "royal", "key": "k"}, 422, "invalid"),
        ({"service": "a", "key": "k" * 81}, 422, "invalid"),
        ({"key": "k"}, 422, "invalid"),
    ],
)
def test_a_wrong_tap_writes_nothing(
    town: Town, tmp_path: Path, data: dict[str, str], status: int, code: str
) -> None:
    client = signed_in(open_site(town, tmp_path))
    with nothing_written(town):
        answer = client.post(
            f"/kiosk/{town.slug}/fr/tickets", data=data, headers={"X-Fragment": "1"}
        )
    assert answer.status_code == status
    assert f'data-code="{code}"' in answer.text


def test_a_closed_service_cannot_be_tapped_and_is_refused(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    settings.set_service_open(hall=town.hall, branch=town.branch, code="a", is_open=False)
    page = client.get(f"/kiosk/{town.slug}/fr").text
    tile = re.search(r'<button[^>]*value="a"[^>]*>', page)
    assert tile is None or "disabled" in tile.group(0)
    with nothing_written(town):
        answer = client.post(f"/kiosk/{town.slug}/fr/tickets", data={**KIOSK, "key": "k"})
    assert answer.status_code == 409


def test_a_kiosk_signs_in_with_its_own_token(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    site.app.config["WTF_CSRF_ENABLED"] = False
    client = site.app.test_client()
    start = f"/kiosk/{town.slug}"
    assert client.get(start).headers["Location"] == f"{start}/sign-in"
    assert client.get(f"{start}?fragment=1").status_code == 401
    wrong = client.post(f"{start}/sign-in", data={"token": "nouba_0"})
    assert wrong.status_code == 403
    display = client.post(f"{start}/sign-in", data={"token": a_token(town, Role.DISPLAY)})
    assert display.status_code == 403
    right = client.post(f"{start}/sign-in", data={"token": a_token(town, Role.KIOSK)})
    assert right.status_code == 303
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get(start).status_code == 200


def test_a_form_without_its_token_is_refused(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    client = site.app.test_client()
    client.set_cookie("nouba_device", a_token(town, Role.KIOSK))
    with nothing_written(town):
        answer = client.post(f"/kiosk/{town.slug}/fr/tickets", data={**KIOSK, "key": "k"})
    assert answer.status_code == 400


def test_the_desk_is_for_staff(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    assert "/sign-in" in client.get("/desk").headers["Location"]
    assert client.get("/desk?fragment=1").status_code == 401


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(town: Town, tmp_path: Path, wanted: str) -> None:
    client = signed_in(open_site(town, tmp_path))
    assert client.get("/sign-in", query_string={"next": wanted}).headers["Location"] == "/desk"


def test_a_new_password_ends_the_old_sessions(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    assert client.get("/desk").status_code == 200
    amendments.set_password(
        hall=town.hall, login=f"{town.slug}-browser", password="another long password"
    )
    assert client.get("/desk").status_code == 302


def test_wrong_passwords_are_limited(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path, limits__sign_ins_per_minute=3)
    site.app.config["WTF_CSRF_ENABLED"] = False
    client = site.app.test_client()
    statuses = [_sign_in(client, "nobody", PASSWORD) for _ in range(5)]
    assert statuses == [403, 403, 403, 429, 429]


def test_a_citizen_cancels_by_a_form(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    client = signed_in(site)
    issued = site.kiosk().post(f"/branches/{town.slug}/tickets", {"service": "a"})
    assert issued.json
    page = f"/t/{issued.json['secret'].lower()}"
    assert client.get(page).status_code == 200
    answer = client.post(f"{page}/cancellation", data={"key": "x"})
    assert answer.status_code == 303
    assert 'data-state="cancelled"' in client.get(page).text


def test_a_poll_that_knows_the_seq_gets_304(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    first = client.get(f"/board/{town.slug}?fragment=1")
    assert first.status_code == 200
    again = client.get(
        f"/board/{town.slug}?fragment=1", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def _sign_in(client: FlaskClient, login: str, password: str) -> int:
    return client.post("/sign-in", data={"login": login, "password": password}).status_code


def _labels(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]\d{3}\b", text))


def test_forms_work_behind_https(town: Town, tmp_path: Path) -> None:
    """Over https the check of a form's token also wants the referrer, which our own policy lets through."""
    site = open_site(town, tmp_path, security__https=True, server__trusted_proxies=1)
    client = site.app.test_client()
    proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "q.example.ma"}
    page = client.get("/sign-in", headers=proxy)
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert 'name="referrer" content="same-origin"' in page.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    cookie = page.headers["Set-Cookie"]
    assert token is not None
    assert "Secure" in cookie
    answer = client.post(
        "/sign-in",
        data={"login": "nobody", "password": PASSWORD, "csrf_token": token.group(1)},
        headers={
            **proxy,
            "Cookie": cookie.partition(";")[0],
            "Referer": "https://q.example.ma/sign-in",
        },
    )
    assert answer.status_code == 403, "a wrong password, not a refused form"


def test_a_supervisor_frees_the_desk_of_somebody_who_left(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    gone, supervisor = site.seated(1), site.agent(0)
    town.issue("b")
    ticket = call(gone, town, 1)
    assert gone.post(f"/tickets/{ticket}/starts").status_code == 201
    assert site.agent(2).delete(f"/desks/{town.desks[1]}/shift").status_code == 409
    assert supervisor.delete(f"/desks/{town.desks[1]}/shift").status_code == 200
    town.sit(2, desk=1)
    third = site.agent(2)
    again = third.post(f"/desks/{town.desks[1]}/calls", {"ticket": ticket})
    assert again.status_code == 201, "it was set aside, not lost"


def test_who_was_shut_out_is_out(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path))
    amendments.set_agent_active(hall=town.hall, login=f"{town.slug}-browser", is_active=False)
    assert client.get("/desk").status_code == 302
