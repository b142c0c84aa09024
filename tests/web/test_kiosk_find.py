"""A ticket shown to the server's own kiosk: its place, back into the line, and what a stranger may try."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.domain.roles import Role
from server.web import access
from tests.builders import Town
from tests.web.builders import a_token, nothing_written, open_site

NOBODY = "0" * 13


@pytest.mark.parametrize("spelling", ["{}", "http://town.example/t/{}", "HTTP://TOWN.EXAMPLE/T/{}"])
def test_a_ticket_is_found_however_it_is_written(town: Town, tmp_path: Path, spelling: str) -> None:
    client = kiosk(town, tmp_path)
    secret = str(town.issue().value.secret)
    for text in (spelling.format(secret), spelling.format(secret.lower())):
        answer = client.post(find(town), data={"code": text})
        assert answer.status_code == 200
        assert 'data-state="waiting"' in answer.text
        assert "A001" in answer.text


def test_a_missed_ticket_is_offered_its_place_and_gets_it(town: Town, tmp_path: Path) -> None:
    client = kiosk(town, tmp_path)
    _, secret = town.miss()
    with nothing_written(town):
        answer = client.post(find(town), data={"code": secret})
    assert 'id="reinstate"' in answer.text
    back = client.post(find(town), data={"code": secret, "reinstate": "1"})
    assert 'data-state="waiting"' in back.text
    assert 'id="reinstate"' not in back.text


def test_a_scan_on_the_start_screen_is_answered_in_the_tickets_own_language(
    town: Town, tmp_path: Path
) -> None:
    client = kiosk(town, tmp_path)
    secret = str(town.issue().value.secret)
    assert 'lang="ar"' in client.post(find(town), data={"code": secret, "any": "1"}).text
    assert 'lang="fr"' in client.post(find(town), data={"code": secret}).text


def test_wrong_codes_are_answered_kindly_and_then_limited(town: Town, tmp_path: Path) -> None:
    client = kiosk(town, tmp_path, wrong_codes=3)
    for text in (NOBODY, "?", "x" * 150):
        answer = client.post(find(town), data={"code": text})
        assert answer.status_code == 404
        assert 'role="alert"' in answer.text
    answer = client.post(find(town), data={"code": NOBODY})
    assert answer.status_code == 429
    assert 'data-code="too_many_requests"' in answer.text
    assert f'href="/kiosk/{town.slug}"' in answer.text, "no dead end"


def test_a_form_without_its_token_ends_on_a_screen_with_a_way_back(
    town: Town, tmp_path: Path
) -> None:
    client = kiosk(town, tmp_path)
    client.application.config["WTF_CSRF_ENABLED"] = True
    answer = client.post(find(town), data={"code": NOBODY})
    assert answer.status_code == 400
    assert f'href="/kiosk/{town.slug}"' in answer.text


def find(town: Town) -> str:
    return f"/kiosk/{town.slug}/fr/find"


def kiosk(town: Town, data: Path, *, wrong_codes: int = 60) -> FlaskClient:
    """A kiosk's browser; the check of form tokens is the subject of one test only."""
    site = open_site(town, data, limits__secret_lookups_per_minute=wrong_codes)
    site.app.config["WTF_CSRF_ENABLED"] = False
    client = site.app.test_client()
    client.set_cookie(access.DEVICE_COOKIE, a_token(town, Role.KIOSK))
    return client
